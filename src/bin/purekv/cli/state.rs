//! What a connection is in the midst of, and how another one becomes like it.

use purekv::resp::Protocol;
use purekv::resp::frame::Frame;

use super::session::is;

/// Who asks, and what was chosen.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) protocol: Protocol,
    pub(crate) database: u32,
    pub(crate) in_transaction: bool,
    pub(crate) is_watching: bool,
}

impl State {
    /// What to send on a new connection, and what each of it is.
    pub(crate) fn greeting(&self) -> Vec<(&'static str, Vec<Vec<u8>>)> {
        let words = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let mut all = Vec::new();
        match (&self.user, &self.password) {
            (Some(user), Some(password)) => all.push(("AUTH", words(&["AUTH", user, password]))),
            (None, Some(password)) => all.push(("AUTH", words(&["AUTH", password]))),
            (_, None) => {}
        }
        if self.protocol == Protocol::Resp3 {
            all.push(("HELLO", words(&["HELLO", "3"])));
        }
        if self.database != 0 {
            all.push(("SELECT", words(&["SELECT", &self.database.to_string()])));
        }
        all
    }

    /// Takes notice of a command and its reply.
    pub(crate) fn learn(&mut self, args: &[Vec<u8>], reply: &Frame) {
        if is(args, "exec") || is(args, "discard") {
            self.forget();
        }
        if matches!(reply, Frame::Error(_) | Frame::BulkError(_)) {
            return;
        }
        if is(args, "multi") {
            self.in_transaction = true;
        } else if is(args, "reset") {
            self.forget();
            (self.protocol, self.database) = (Protocol::Resp2, 0);
        } else if self.in_transaction {
            // It is queued, and may never be.
        } else if is(args, "watch") {
            self.is_watching = true;
        } else if is(args, "unwatch") {
            self.is_watching = false;
        } else if is(args, "auth") {
            self.authenticated(&args[1..]);
        } else if is(args, "hello") {
            self.greeted(args);
        } else if let (true, Some(number)) = (is(args, "select"), args.get(1)) {
            let number = str::from_utf8(number).ok().and_then(|number| number.parse().ok());
            self.database = number.unwrap_or(self.database);
        }
    }

    fn authenticated(&mut self, by: &[Vec<u8>]) {
        let text = |word: &[u8]| str::from_utf8(word).ok().map(str::to_owned);
        (self.user, self.password) = match by {
            [user, password] => (text(user), text(password)),
            [password] => (None, text(password)),
            _ => return,
        };
    }

    fn greeted(&mut self, args: &[Vec<u8>]) {
        match args.get(1).map(Vec::as_slice) {
            Some(b"3") => self.protocol = Protocol::Resp3,
            Some(b"2") => self.protocol = Protocol::Resp2,
            _ => return,
        }
        let auth = args.iter().skip(2).position(|word| word.eq_ignore_ascii_case(b"auth"));
        if let Some(by) = auth.and_then(|place| args.get(place + 3..place + 5)) {
            self.authenticated(by);
        }
    }

    /// The command that began what would be lost with the connection.
    pub(crate) fn begun(&self) -> Option<&'static str> {
        match self.in_transaction {
            true => Some("MULTI"),
            false => self.is_watching.then_some("WATCH"),
        }
    }

    /// What was begun is over.
    pub(crate) fn forget(&mut self) {
        (self.in_transaction, self.is_watching) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<u8>> {
        line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    fn after(lines: &[(&str, Frame)]) -> State {
        let mut state = State::default();
        lines.iter().for_each(|(line, reply)| state.learn(&words(line), reply));
        state
    }

    fn ok() -> Frame {
        Frame::Simple(b"OK".to_vec())
    }

    fn error() -> Frame {
        Frame::Error(b"ERR no".to_vec())
    }

    fn greeting(state: &State) -> Vec<String> {
        let line = |(_, args): (_, Vec<Vec<u8>>)| String::from_utf8(args.join(&b' ')).unwrap();
        state.greeting().into_iter().map(line).collect()
    }

    #[test]
    fn a_new_connection_becomes_like_the_old_one() {
        let state = after(&[
            ("select 2", ok()),
            ("select 3", error()),
            ("auth secret", error()),
            ("hello 3 AUTH alice secret SETNAME me", Frame::Map(Vec::new())),
        ]);
        assert_eq!(greeting(&state), ["AUTH alice secret", "HELLO 3", "SELECT 2"]);
        let state = after(&[("AUTH secret", ok()), ("hello 3", ok()), ("reset", ok())]);
        assert_eq!(greeting(&state), ["AUTH secret"]);
        assert!(greeting(&State::default()).is_empty());
    }

    #[test]
    fn what_was_begun_is_known_until_it_ends() {
        let begun = |lines: &[(&str, Frame)]| after(lines).begun();
        assert_eq!(begun(&[("watch a", ok())]), Some("WATCH"));
        assert_eq!(begun(&[("watch a", ok()), ("unwatch", ok())]), None);
        assert_eq!(begun(&[("watch a", ok()), ("multi", ok())]), Some("MULTI"));
        assert_eq!(begun(&[("watch a", ok()), ("multi", ok()), ("exec", error())]), None);
        assert_eq!(begun(&[("multi", error())]), None);
        let queued = Frame::Simple(b"QUEUED".to_vec());
        let state = after(&[("multi", ok()), ("select 5", queued), ("discard", ok())]);
        assert_eq!((state.database, state.begun()), (0, None));
    }
}
