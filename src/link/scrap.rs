//! What the audio thread no longer needs goes home here and is freed by the pump. Ask for room first: with none, keep the
//! thing and try again in the next block.

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

const ROOM: usize = 64;

/// A ring's end, to be freed off the audio thread.
pub enum Retired {
    ReadEnd(HeapCons<u8>),
    WriteEnd(HeapProd<u8>),
}

pub struct ScrapSender<T = Retired> {
    lane: HeapProd<T>,
}

pub struct ScrapReceiver<T = Retired> {
    lane: HeapCons<T>,
}

pub fn scrap_lane<T>() -> (ScrapSender<T>, ScrapReceiver<T>) {
    scrap_lane_for(ROOM)
}

/// One with room for so many things.
#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
pub fn scrap_lane_for<T>(room: usize) -> (ScrapSender<T>, ScrapReceiver<T>) {
    let (sender, receiver) = HeapRb::new(room).split();
    (ScrapSender { lane: sender }, ScrapReceiver { lane: receiver })
}

impl<T> ScrapSender<T> {
    pub fn has_room(&self) -> bool {
        self.lane.vacant_len() > 0
    }

    /// Sends `thing` home. Without room it is leaked rather than freed here, so ask first.
    pub fn retire(&mut self, thing: T) {
        if let Err(unsent) = self.lane.try_push(thing) {
            #[expect(clippy::mem_forget, reason = "as said")]
            std::mem::forget(unsent);
        }
    }
}

impl<T> ScrapReceiver<T> {
    /// Frees all that came home; returns how many things. Not for the audio thread.
    pub fn free_all(&mut self) -> usize {
        let mut freed = 0;
        while self.lane.try_pop().is_some() {
            freed += 1;
        }
        freed
    }
}
