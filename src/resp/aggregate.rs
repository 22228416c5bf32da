//! Aggregates that are being read: what is open, on a list and not on the stack.

use super::frame::Frame;

/// Room made at once for the elements of an aggregate, however many it announces.
const ROOM: u64 = 16;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Array,
    Set,
    Push,
    Map,
    /// Its last element is the frame that it is about.
    Attribute,
}

/// The aggregates of which elements are still to come, the outermost first.
#[derive(Debug, Default)]
pub(super) struct Open(Vec<Aggregate>);

#[derive(Debug)]
struct Aggregate {
    kind: Kind,
    /// How many elements are to come; `None` if it is streamed, and ends when the server says so.
    left: Option<u64>,
    items: Vec<Frame>,
}

impl Open {
    pub(super) fn depth(&self) -> usize {
        self.0.len()
    }

    /// Opens an aggregate of so many elements (keys and values count each, and so does what an attribute is about): if these are none, it is whole.
    pub(super) fn begin(&mut self, kind: Kind, left: Option<u64>) -> Option<Frame> {
        let items = Vec::with_capacity(left.unwrap_or(0).min(ROOM) as usize);
        if left == Some(0) {
            return Some(kind.close(items));
        }
        self.0.push(Aggregate { kind, left, items });
        None
    }

    /// The innermost aggregate, which ends now; or what is expected instead of its end.
    pub(super) fn end_stream(&mut self) -> Result<Frame, &'static str> {
        match self.0.pop_if(|open| open.left.is_none()) {
            Some(open) if open.kind == Kind::Map && open.items.len() % 2 == 1 => Err("a value"),
            Some(open) => Ok(open.kind.close(open.items)),
            None => Err("a frame"),
        }
    }

    /// Puts a value where it belongs. What comes back is a frame that is in nothing else, and whole.
    pub(super) fn attach(&mut self, mut value: Frame) -> Option<Frame> {
        loop {
            let Some(open) = self.0.last_mut() else {
                return Some(value);
            };
            open.items.push(value);
            let left = open.left.as_mut()?;
            *left -= 1;
            if *left > 0 {
                return None;
            }
            let open = self.0.pop()?;
            value = open.kind.close(open.items);
        }
    }
}

impl Kind {
    /// The frame that has these elements.
    fn close(self, mut items: Vec<Frame>) -> Frame {
        match self {
            Self::Array => Frame::Array(items),
            Self::Set => Frame::Set(items),
            Self::Push => Frame::Push(items),
            Self::Map => Frame::Map(pairs(items)),
            Self::Attribute => {
                // It was opened for one element more than its pairs have.
                let about = items.pop().unwrap_or(Frame::Null);
                Frame::Attribute(pairs(items), Box::new(about))
            }
        }
    }
}

fn pairs(items: Vec<Frame>) -> Vec<(Frame, Frame)> {
    let mut items = items.into_iter();
    std::iter::from_fn(|| Some((items.next()?, items.next()?))).collect()
}
