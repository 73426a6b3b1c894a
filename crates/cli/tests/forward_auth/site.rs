//! An app, a proxy before it, and Hallpass beside them.

use crate::app::TestApp;
use crate::client::Client;
use crate::common::free_port;
use crate::common::server::Folder;
use crate::inside::{Inside, credential};
use crate::proxies::{Places, Program, Running, start};
use crate::wire::Wire;
use hallpass_server::app::Proxy;

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
            test(Self::start(name, program).await).await;
        }
    }

    async fn start(name: &str, program: Program) -> Self {
        let (port, app) = (free_port(), TestApp::start().await);
        let at = format!("127.0.0.1:{port}");
        let proxy =
            Proxy { name: "front".to_owned(), credential: credential().hash(), origins: vec![format!("http://{at}")] };
        let inside = Inside::behind(&format!("{name}-{}", program.name()), vec![proxy]).await;
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

    /// That nothing reached the app.
    #[track_caller]
    pub fn untouched(&self, why: &str) {
        let seen = self.app.seen();
        assert!(seen.is_empty(), "{}, {why}: {seen:?}", self.program.name());
    }
}
