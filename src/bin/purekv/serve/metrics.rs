//! Figures for Prometheus, over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use purekv::server::Server;
use tiny_http::{Header, Method, Request, Response};

/// A thread that answers `GET /metrics`.
pub(crate) struct Exporter {
    http: Arc<tiny_http::Server>,
    thread: Option<JoinHandle<()>>,
}

impl Exporter {
    pub(crate) fn start(address: SocketAddr, server: &Arc<Server>) -> Result<Self, String> {
        let told =
            |error: &dyn std::fmt::Display| format!("cannot serve figures at {address}: {error}");
        let http = Arc::new(tiny_http::Server::http(address).map_err(|error| told(&error))?);
        let (server, asked) = (server.clone(), http.clone());
        let thread = thread::Builder::new().name("purekv-metrics".to_owned()).spawn(move || {
            for request in asked.incoming_requests() {
                answer(request, &server);
            }
        });
        Ok(Self { http, thread: Some(thread.map_err(|error| told(&error))?) })
    }

    /// Where it is: "http://127.0.0.1:9121/metrics".
    pub(crate) fn address(&self) -> String {
        format!("http://{}/metrics", self.http.server_addr())
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.http.unblock();
        if let Some(thread) = self.thread.take() {
            // It ends when it is told to; a panic in it has been printed.
            let _ = thread.join();
        }
    }
}

fn answer(request: Request, server: &Arc<Server>) {
    let is_get = matches!(request.method(), Method::Get | Method::Head);
    let path = request.url().split('?').next();
    let (status, text) = match path {
        _ if !is_get => (405, "GET and HEAD\n".to_owned()),
        Some("/metrics") => (200, server.metrics_text()),
        Some("/") => (200, "purekv: the figures are at /metrics\n".to_owned()),
        _ => (404, "there is /metrics\n".to_owned()),
    };
    let mut response = Response::from_string(text).with_status_code(status);
    if let Ok(kind) = Header::from_bytes("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
    {
        response.add_header(kind);
    }
    // The client may be gone.
    let _ = request.respond(response);
}
