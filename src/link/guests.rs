//! JavaScript threads to audio thread and back: things that join a callback for a while, in a bounded number of places. They are
//! made and freed here, used there.

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::link::ahead;
use crate::link::scrap::{ScrapReceiver, ScrapSender, scrap_lane_for};

/// What joins a callback.
pub trait Guest {
    /// It wants to leave, and may.
    fn has_ended(&self) -> bool;

    /// It wants to leave. With no device to hear it, it need not fade first.
    fn leaves(&self) -> bool {
        self.has_ended()
    }
}

/// A guest's own memory is asked for so many turns before it has to know what else it will use, and that as many before its
/// turn.
const TURNS_AHEAD: usize = 8;

/// Where guests are let in and taken home. Not for the audio thread.
pub struct Door<T> {
    arrivals: HeapProd<Box<T>>,
    departures: ScrapReceiver<Box<T>>,
    /// Those for whom there is no way in yet: the lane is full of some that have left already.
    waiting: HeapCons<Box<T>>,
    to_wait: HeapProd<Box<T>>,
    /// Those that were let in and have not come home.
    inside: usize,
    /// Of all these, those that want to leave.
    leaving: usize,
    most: usize,
}

/// The audio thread's half.
pub struct Guests<T> {
    arrivals: HeapCons<Box<T>>,
    departures: ScrapSender<Box<T>>,
    places: Box<[Option<Box<T>>]>,
    /// The places in use are the first so many.
    used: usize,
}

/// Room for `most` guests at a time, not counting those that want to leave.
#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
pub fn guest_room<T>(most: usize) -> (Door<T>, Guests<T>) {
    let (arrivals, arrived) = HeapRb::new(most).split();
    let (departures, departed) = scrap_lane_for(most);
    let places = (0..most).map(|_| None).collect();
    let (to_wait, waiting) = HeapRb::new(most).split();
    let door = Door { arrivals, departures: departed, waiting, to_wait, inside: 0, leaving: 0, most };
    (door, Guests { arrivals: arrived, departures, places, used: 0 })
}

impl<T: Guest> Door<T> {
    /// Lets a guest in; it joins with the next block, or as soon as there is a place. Gives it back when there is no room.
    pub fn admit(&mut self, guest: Box<T>) -> Result<(), Box<T>> {
        self.take_home();
        if self.inside + self.waiting.occupied_len() >= self.most + self.leaving {
            return Err(guest);
        }
        // All who wait mean to stay, so there is room.
        self.to_wait.try_push(guest)?;
        self.send_in();
        Ok(())
    }

    /// One of those that were let in will leave, and is not counted from now on. To be told once, before it can come home.
    pub fn expect_home(&mut self) {
        self.leaving += 1;
    }

    /// Frees those that came home, and those that left before they were in; lets in those that wait. Not for the audio thread.
    pub fn take_home(&mut self) {
        let home = self.departures.free_all();
        self.inside -= home;
        let mut left = 0;
        for _ in 0..self.waiting.occupied_len() {
            if let Some(guest) = self.waiting.try_pop().filter(|guest| !guest.leaves()) {
                let _ = self.to_wait.try_push(guest);
            } else {
                left += 1;
            }
        }
        self.leaving = self.leaving.saturating_sub(home + left);
        self.send_in();
    }

    fn send_in(&mut self) {
        let room = self.arrivals.vacant_len();
        self.inside += self.arrivals.push_iter(self.waiting.pop_iter().take(room));
    }
}

impl<T: Guest> Guests<T> {
    /// Takes in those that have come; true if there is anybody.
    pub fn take_in(&mut self) -> bool {
        while let Some(place) = self.places.get_mut(self.used) {
            let Some(guest) = self.arrivals.try_pop() else { break };
            *place = Some(guest);
            self.used += 1;
        }
        self.used > 0
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().take(self.used).flatten().map(Box::as_ref)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().take(self.used).flatten().map(Box::as_mut)
    }

    /// One after the other: `act` gets the place of the one whose turn it is and those that follow, and says how many of
    /// them have had theirs. With many of them most of the time would go into waiting for their memory: it is asked for
    /// early, of each the first `own` bytes and what `bring_near` asks for.
    pub fn each(&mut self, own: usize, bring_near: impl Fn(&T), mut act: impl FnMut(&mut [Option<Box<T>>]) -> usize) {
        let (mut turn, mut asked) = (0, 0);
        while turn < self.used {
            while asked < turn + TURNS_AHEAD {
                let guest_at = |at: usize| self.places.get(at).and_then(Option::as_deref);
                if let Some(guest) = guest_at(asked + TURNS_AHEAD) {
                    ahead::bring_near(std::ptr::from_ref(guest).addr(), own);
                }
                if let Some(guest) = guest_at(asked) {
                    bring_near(guest);
                }
                asked += 1;
            }
            turn += self.places.get_mut(turn..self.used).map_or(1, |places| act(places).max(1));
        }
    }

    /// Sends home those that have ended, as many as the lane has room for; true if somebody went.
    pub fn let_go(&mut self) -> bool {
        self.send_home(T::has_ended)
    }

    /// While no device runs the callback: takes in those that have come, and sends home those that want to leave.
    pub fn rest(&mut self) {
        self.take_in();
        self.send_home(T::leaves);
    }

    fn send_home(&mut self, goes: impl Fn(&T) -> bool) -> bool {
        let Guests { departures, places, used, .. } = self;
        let (mut place, before) = (0, *used);
        while place < *used && departures.has_room() {
            if places.get(place).and_then(Option::as_ref).is_some_and(|guest| !goes(guest)) {
                place += 1;
                continue;
            }
            *used -= 1;
            places.swap(place, *used);
            if let Some(guest) = places.get_mut(*used).and_then(Option::take) {
                departures.retire(guest);
            }
        }
        *used < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Visitor(Arc<AtomicBool>);

    impl Guest for Visitor {
        fn has_ended(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn guests_come_stay_and_go_home_and_their_places_are_used_again() {
        let (mut door, mut guests) = guest_room(3);
        let ended: Vec<Arc<AtomicBool>> = (0..3).map(|_| Arc::default()).collect();
        for flag in &ended {
            assert!(door.admit(Box::new(Visitor(flag.clone()))).is_ok());
        }
        assert!(door.admit(Box::new(Visitor(Arc::default()))).is_err(), "there are three places");
        assert!(guests.take_in() && guests.iter().count() == 3 && !guests.let_go());
        ended[0].store(true, Ordering::Relaxed);
        ended[2].store(true, Ordering::Relaxed);
        assert!(guests.let_go());
        assert!(guests.iter().all(|guest| Arc::ptr_eq(&guest.0, &ended[1])));
        assert_eq!(Arc::strong_count(&ended[0]), 2, "freed only at the door");
        assert!(door.admit(Box::new(Visitor(Arc::default()))).is_ok());
        assert_eq!(Arc::strong_count(&ended[0]), 1);
        assert!(guests.take_in() && guests.iter_mut().count() == 2);
    }

    #[test]
    fn each_has_its_turn_once_however_many_there_are() {
        for count in [0, 1, 3, 4, 9, 40] {
            let (mut door, mut guests) = guest_room(40);
            let flags: Vec<Arc<AtomicBool>> = (0..count).map(|_| Arc::default()).collect();
            flags.iter().for_each(|flag| assert!(door.admit(Box::new(Visitor(flag.clone()))).is_ok()));
            assert_eq!(guests.take_in(), count > 0);
            let asked = Cell::new(0);
            guests.each(
                0,
                |_| asked.set(asked.get() + 1),
                |places| {
                    let several = 1 + places.len() / 2 % 4;
                    places
                        .iter()
                        .flatten()
                        .take(several)
                        .for_each(|guest| assert!(!guest.0.swap(true, Ordering::Relaxed)));
                    several
                },
            );
            assert_eq!(asked.get(), count);
            assert!(flags.iter().all(|flag| flag.load(Ordering::Relaxed)));
        }
    }

    #[test]
    fn all_go_home_at_once_and_each_only_once() {
        let (mut door, mut guests) = guest_room(200);
        let over = Arc::<AtomicBool>::default();
        (0..200).for_each(|_| assert!(door.admit(Box::new(Visitor(over.clone()))).is_ok()));
        assert!(guests.take_in());
        over.store(true, Ordering::Relaxed);
        assert!(guests.let_go() && !guests.let_go());
        assert_eq!(Arc::strong_count(&over), 201, "nobody is freed on this side");
        door.take_home();
        assert_eq!(Arc::strong_count(&over), 1);
        assert!(door.admit(Box::new(Visitor(over))).is_ok());
    }

    #[test]
    fn those_who_leave_take_nobodys_place_though_no_block_runs() {
        let (mut door, mut guests) = guest_room(3);
        for _ in 0..20 {
            let over = Arc::<AtomicBool>::default();
            assert!(door.admit(Box::new(Visitor(over.clone()))).is_ok());
            door.expect_home();
            over.store(true, Ordering::Relaxed);
        }
        let stays: Vec<Arc<AtomicBool>> = (0..3).map(|_| Arc::default()).collect();
        stays.iter().for_each(|flag| assert!(door.admit(Box::new(Visitor(flag.clone()))).is_ok()));
        assert!(door.admit(Box::new(Visitor(Arc::default()))).is_err(), "three are there to stay");
        for _ in 0..3 {
            guests.take_in();
            guests.let_go();
            door.take_home();
        }
        guests.take_in();
        assert_eq!(guests.iter().filter(|guest| stays.iter().any(|flag| Arc::ptr_eq(flag, &guest.0))).count(), 3);
        assert!(door.waiting.is_empty() && (door.inside, door.leaving) == (3, 0));
    }

    #[test]
    fn those_who_never_came_in_and_those_who_never_left_are_freed_with_the_room() {
        let (mut door, mut guests) = guest_room(3);
        let flag = Arc::<AtomicBool>::default();
        (0..2).for_each(|_| assert!(door.admit(Box::new(Visitor(flag.clone()))).is_ok()));
        guests.take_in();
        assert!(door.admit(Box::new(Visitor(flag.clone()))).is_ok());
        drop(guests);
        drop(door);
        assert_eq!(Arc::strong_count(&flag), 1);
    }
}
