//! What arguments a command takes, as the table writes it: `key value [NX | XX] [EX seconds | PX milliseconds]`.
//!
//! Words in capitals are written so, all others stand for something. Brackets are what may be left out; those behind each other come in any order; with
//! dots at their end, any number of times. From that follows what is still to come after some words: [`Rest`].

/// A part of a syntax.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Word(&'static str),
    /// May be left out. Alternatives.
    Group(Vec<Vec<Node>>),
}

/// Any number of times.
const DOTS: Node = Node::Word("...");

/// What may come next, and after that.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rest(Vec<Vec<Node>>);

impl Rest {
    /// All of a syntax.
    pub(crate) fn of(syntax: &'static str) -> Self {
        let mut words = Vec::new();
        for word in syntax.split(' ').filter(|word| !word.is_empty()) {
            let inner = word.trim_start_matches('[');
            words
                .extend(word[..word.len() - inner.len()].split("").filter(|mark| !mark.is_empty()));
            let name = inner.trim_end_matches(']');
            words.extend(Some(name).filter(|name| !name.is_empty()));
            words.extend(inner[name.len()..].split("").filter(|mark| !mark.is_empty()));
        }
        Self(alternatives(&mut words.into_iter()))
    }

    /// What is left of it after one more word; `None` if that word cannot be there.
    pub(crate) fn after(&self, word: &str) -> Option<Self> {
        let taken = self.0.iter().filter_map(|nodes| take(nodes, word));
        Some(Self(vec![best(taken)?.1]))
    }

    /// The words in capitals that may be next.
    pub(crate) fn keywords(&self) -> Vec<&'static str> {
        self.0.iter().flat_map(|nodes| keywords(nodes)).collect()
    }

    /// As the table has it.
    pub(crate) fn text(&self) -> String {
        text(&self.0)
    }
}

/// Up to the end of the group, or of all.
fn alternatives(words: &mut impl Iterator<Item = &'static str>) -> Vec<Vec<Node>> {
    let mut all = vec![Vec::new()];
    while let Some(word) = words.next() {
        let node = match word {
            "]" => break,
            "|" => {
                all.push(Vec::new());
                continue;
            }
            "[" => Node::Group(alternatives(words)),
            word => Node::Word(word),
        };
        if let Some(last) = all.last_mut() {
            last.push(node);
        }
    }
    all
}

fn is_keyword(word: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_uppercase() || matches!(letter, '-' | '0'..='9');
    word.chars().all(is_part) && word.chars().any(|letter| letter.is_ascii_uppercase())
}

/// The first that is written so, which says more than one that stands for something; or else the first.
fn best(all: impl Iterator<Item = (bool, Vec<Node>)>) -> Option<(bool, Vec<Node>)> {
    let mut first = None;
    for taken in all {
        if taken.0 {
            return Some(taken);
        }
        first.get_or_insert(taken);
    }
    first
}

/// Takes a word from the front: whether it is written so, and what is left.
fn take(nodes: &[Node], word: &str) -> Option<(bool, Vec<Node>)> {
    let optional = nodes.iter().take_while(|node| matches!(node, Node::Group(_))).count();
    let front = nodes.iter().take(optional + 1).enumerate();
    best(front.filter_map(|(place, node)| match node {
        // What was left out before it cannot come any more.
        Node::Word(name) => Some((fits(name, word)?, nodes[place + 1..].to_vec())),
        Node::Group(alternatives) => {
            let others = [&nodes[..place], &nodes[place + 1..]].concat();
            best(alternatives.iter().filter_map(|inner| {
                let (exact, mut left) = take(inner, word)?;
                if inner.last() == Some(&DOTS) {
                    left.retain(|node| *node != DOTS);
                    left.push(node.clone());
                }
                left.extend_from_slice(&others);
                Some((exact, left))
            }))
        }
    }))
}

/// Whether a word may stand for a name in the syntax, and if so, whether it is written so.
fn fits(name: &str, word: &str) -> Option<bool> {
    match is_keyword(name) {
        true => name.eq_ignore_ascii_case(word).then_some(true),
        false => Some(false),
    }
}

fn keywords(nodes: &[Node]) -> Vec<&'static str> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Word(name) => {
                found.extend(Some(*name).filter(|name| is_keyword(name)));
                break;
            }
            Node::Group(alternatives) => {
                found.extend(alternatives.iter().flat_map(|inner| keywords(inner)));
            }
        }
    }
    found
}

fn text(alternatives: &[Vec<Node>]) -> String {
    let sequence = |nodes: &Vec<Node>| {
        let words = nodes.iter().map(|node| match node {
            Node::Word(name) => (*name).to_owned(),
            Node::Group(inner) => format!("[{}]", text(inner)),
        });
        words.collect::<Vec<_>>().join(" ")
    };
    alternatives.iter().map(sequence).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use purekv::resp::command::Command;

    use super::*;

    /// What is left of a command's syntax behind some words.
    #[track_caller]
    fn after(command: Command, words: &str) -> Option<Rest> {
        let all = Rest::of(command.spec().syntax);
        words.split_whitespace().try_fold(all, |rest, word| rest.after(word))
    }

    #[track_caller]
    fn is(command: Command, words: &str, expected: &str) {
        assert_eq!(after(command, words).expect("they fit").text(), expected, "{words}");
    }

    #[test]
    fn the_text_of_all_is_the_table_s() {
        for command in Command::all() {
            let syntax = command.spec().syntax;
            assert_eq!(Rest::of(syntax).text(), syntax);
        }
    }

    #[test]
    fn words_are_taken_in_order() {
        is(Command::SetEx, "k", "seconds value");
        is(Command::SetEx, "k 10", "value");
        is(Command::SetEx, "k 10 v", "");
        assert_eq!(after(Command::SetEx, "k 10 v x"), None);
        is(Command::BitCount, "k", "[start end [BYTE | BIT]]");
        is(Command::BitCount, "k 0", "end [BYTE | BIT]");
        is(Command::BitCount, "k 0 -1 bit", "");
        is(Command::Auth, "", "[username] password");
        is(Command::Auth, "alice", "password");
        is(Command::Auth, "alice secret", "");
    }

    #[test]
    fn options_come_in_any_order_and_once() {
        let expiry = "[EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]";
        is(Command::Set, "k v", &format!("[NX | XX] [GET] {expiry}"));
        is(Command::Set, "k v get", &format!("[NX | XX] {expiry}"));
        is(Command::Set, "k v get Ex", "seconds [NX | XX]");
        is(Command::Set, "k v get ex 10", "[NX | XX]");
        is(Command::Set, "k v ex 10 nx GET", "");
        assert_eq!(after(Command::Set, "k v ex 10 px"), None);
        is(Command::Scan, "0 count", "count [MATCH pattern] [TYPE type]");
        is(Command::Hello, "3 AUTH", "username password [SETNAME clientname]");
    }

    #[test]
    fn what_repeats_does_so() {
        is(Command::Del, "a", "[key ...]");
        is(Command::Del, "a b c", "[key ...]");
        is(Command::MSet, "a 1", "[key value ...]");
        is(Command::MSet, "a 1 b", "value [key value ...]");
        is(Command::Info, "", "[section [section ...]]");
        is(Command::Info, "server clients", "[section ...]");
    }

    #[test]
    fn alternatives_are_chosen_by_their_first_word() {
        is(Command::ClientReply, "", "ON | OFF | SKIP");
        is(Command::ClientReply, "off", "");
        is(
            Command::ClientKill,
            "ID",
            "client-id [TYPE type] [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME yes | no]",
        );
        is(Command::ClientKill, "127.0.0.1:7", "");
        is(Command::ClientSetInfo, "lib-ver", "libver");
    }

    #[test]
    fn keywords_are_those_that_may_be_next() {
        let keywords = |command, words| after(command, words).expect("they fit").keywords();
        assert_eq!(keywords(Command::Expire, "k 1"), ["NX", "XX", "GT", "LT"]);
        assert_eq!(keywords(Command::Scan, "0"), ["MATCH", "COUNT", "TYPE"]);
        assert_eq!(keywords(Command::Scan, "0 match * "), ["COUNT", "TYPE"]);
        assert!(keywords(Command::Scan, "0 match").is_empty());
        assert_eq!(keywords(Command::ClientReply, ""), ["ON", "OFF", "SKIP"]);
        assert!(keywords(Command::Get, "").is_empty());
    }
}
