//! Redis on loopback, which keeps nothing on disk, and `redis-benchmark` as its clients.

use crate::Round;
use crate::processes::{cpu, cpu_of_children, free_port, wait};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that stops when it is dropped.
pub struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    pub fn start(folder: &Path) -> Self {
        let port = free_port();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .args(["--daemonize", "no", "--dir"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("redis-server: {e}; run tools/setup redis"));
        let redis = Self { child, port };
        wait(Duration::from_secs(30), || TcpStream::connect(("127.0.0.1", port)).is_ok());
        // What is asked for is there: three bytes.
        redis.benchmark("set", 1, 1);
        redis
    }

    /// `redis-benchmark -t get`, `count` requests, without pipelining.
    pub fn round(&self, clients: usize, count: usize) -> Round {
        let used = || (cpu(&self.child.id().to_string()), cpu_of_children());
        let before = used();
        let started = Instant::now();
        let rate = self.benchmark("get", clients, count);
        let took = started.elapsed().as_secs_f64();
        let after = used();
        Round { rate, cpu: ((after.0 - before.0) / took, (after.1 - before.1) / took) }
    }

    /// Requests a second, as it prints them itself.
    fn benchmark(&self, test: &str, clients: usize, count: usize) -> f64 {
        let (port, clients, count) = (self.port.to_string(), clients.to_string(), count.to_string());
        let ran = Command::new("redis-benchmark")
            .args(["-h", "127.0.0.1", "-p", &port, "-c", &clients, "-P", "1", "-n", &count, "-t", test, "--csv"])
            .output()
            .unwrap_or_else(|e| panic!("redis-benchmark: {e}; run tools/setup redis"));
        let text = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success(), "{text}");
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("\"{}\",\"", test.to_uppercase())));
        line.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{text}")).parse().unwrap()
    }

    /// Its version.
    pub fn version(&self) -> String {
        let ran = Command::new("redis-benchmark").arg("--version").output().unwrap();
        String::from_utf8_lossy(&ran.stdout).split_whitespace().nth(1).unwrap().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
