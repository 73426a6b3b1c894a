//! An app, a proxy before it, and Hallpass beside them.

use crate::app::{Seen, TestApp};
use crate::client::Client;
use crate::common::free_port;
use crate::common::server::Folder;
use crate::inside::{Inside, credential};
use crate::proxies::{Places, Program, Running, start};
use crate::wire::Wire;
use hallpass_server::app::Proxy;
use hallpass_server::roles::Rule;

/// All of it.
pub struct Site {
    // First, so that it stops before what it asks.
    _running: Running,
    pub program: Program,
    pub inside: Inside,
    pub client: Client,
    pub app: TestApp,
    /// Host and port of the proxy.
    pub at: String,
    _folder: Folder,
}

impl Site {
    /// One behind each program, one after the other.
    pub async fn each(name: &str, test: impl AsyncFn(Site)) {
        for program in Program::ALL {
            test(Self::start(name, program, None).await).await;
        }
    }

    /// One whose accounts have roles, by what the chain at `rpc` says.
    pub async fn ruled(name: &str, program: Program, roles: Vec<Rule>, rpc: &str) -> Self {
        Self::start(name, program, Some((roles, rpc))).await
    }

    async fn start(name: &str, program: Program, roles: Option<(Vec<Rule>, &str)>) -> Self {
        let (port, app) = (free_port(), TestApp::start().await);
        let at = format!("127.0.0.1:{port}");
        let proxy =
            Proxy { name: "front".to_owned(), credential: credential().hash(), origins: vec![format!("http://{at}")] };
        let folder_name = format!("{name}-{}", program.name());
        let inside = match roles {
            None => Inside::behind(&folder_name, vec![proxy]).await,
            Some((roles, rpc)) => Inside::ruled(&folder_name, vec![proxy], roles, Some(rpc)).await,
        };
        let folder = Folder::new(&format!("{name}-proxy"));
        let text = credential().reveal();
        let hallpass = inside.url.trim_start_matches("http://").to_owned();
        let places = Places { port, hallpass: &hallpass, app: &app.at, credential: &text };
        let running = start(program, &folder, &places).await;
        let client = Client::of(&inside);
        Self { _running: running, program, inside, client, app, at, _folder: folder }
    }

    /// The origin that browsers see.
    pub fn origin(&self) -> String {
        format!("http://{}", self.at)
    }

    /// A new connection to the proxy.
    pub async fn wire(&self) -> Wire {
        Wire::to(&self.at).await
    }

    /// That the app was told whose request it is, once, and of no roles.
    #[track_caller]
    pub fn names(&self, seen: &Seen) {
        let ours = ["hallpass-account", "hallpass-roles", "hallpass-session", "hallpass-user"];
        match self.program {
            // What is empty, nginx does not send.
            Program::Nginx => assert_eq!(seen.ours(), [ours[0], ours[2], ours[3]]),
            Program::Caddy => assert_eq!((seen.ours(), seen.all("hallpass-roles")), (ours.to_vec(), vec![""])),
        }
    }

    /// That nothing reached the app.
    #[track_caller]
    pub fn untouched(&self, why: &str) {
        let seen = self.app.seen();
        assert!(seen.is_empty(), "{}, {why}: {seen:?}", self.program.name());
    }
}
