//! A thread that stops where it is told to.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::Duration;

use purekv::failpoint::set_hook;

/// An operation on a thread of its own. It stops at each of its stops, until it is told to go on; when this is dropped, it
/// stops nowhere any more.
pub(crate) struct Puppet {
    go: Sender<()>,
    stopped: Receiver<()>,
    ended: Receiver<()>,
}

/// Longer than any operation takes.
const LIMIT: Duration = Duration::from_secs(20);

impl Puppet {
    /// Begins `operation`, and returns when it has come to the first of its `stops`, which it meets in this order.
    pub(crate) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        stops: &[&'static str],
        operation: impl FnOnce() + Send + 'scope,
    ) -> Self {
        Self::start_if(scope, stops, operation).expect("it does not come by its first stop")
    }

    /// As [`start`](Self::start); None if the operation comes to its end without a stop.
    pub(crate) fn start_if<'scope>(
        scope: &'scope Scope<'scope, '_>,
        stops: &[&'static str],
        operation: impl FnOnce() + Send + 'scope,
    ) -> Option<Self> {
        let mut stops: VecDeque<_> = stops.iter().copied().collect();
        let (go, may_go) = channel();
        let (stop, stopped) = channel();
        let (end, ended) = channel();
        scope.spawn(move || {
            let _unhook = set_hook(move |site| {
                if stops.front() == Some(&site) {
                    stops.pop_front();
                    // An error: whoever leads it has gone, and it runs to its end.
                    let _ = stop.send(());
                    let _ = may_go.recv();
                }
            });
            operation();
            let _ = end.send(());
        });
        let puppet = Self { go, stopped, ended };
        match puppet.stopped.recv_timeout(LIMIT) {
            Ok(()) => Some(puppet),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("it comes neither to a stop nor to its end"),
        }
    }

    fn await_stop(&self) {
        self.stopped.recv_timeout(LIMIT).expect("it does not come by its next stop");
    }

    /// To the next stop.
    pub(crate) fn go_on(&self) {
        self.go.send(()).expect("it has ended");
        self.await_stop();
    }

    /// From the last stop to the end.
    pub(crate) fn finish(self) {
        self.go.send(()).expect("it has ended");
        self.ended.recv_timeout(LIMIT).expect("it does not come to its end");
    }
}
