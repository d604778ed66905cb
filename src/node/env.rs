//! JavaScript threads. One Node environment lives on one thread: what it holds is kept in thread-local slots, and let go when
//! it ends, however it ends. Events reach it through a threadsafe function that never keeps it alive.

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Status, sys};

use crate::device::owner::{Device, Turn};
use crate::device::service::{AudioInfo, DeviceNames, Pending};
use crate::device::table::{self, Opening};
use crate::events::pump::{self, Event};

/// Events that wait for a busy thread. More shortages are dropped, and what they tell stays in `stats()`; what is told only
/// once is kept for it.
const EVENT_ROOM: usize = 1024;

/// kind, device id, from, to, frames, ended
pub type EventArgs = FnArgs<(String, f64, f64, f64, f64, bool)>;
type Listener = ThreadsafeFunction<EventArgs, (), EventArgs, Status, false, true, EVENT_ROOM>;

static NEXT_ENV: AtomicU32 = AtomicU32::new(1);
static AUDIENCES: Mutex<Vec<Audience>> = Mutex::new(Vec::new());

/// An environment as the pump sees it.
struct Audience {
    env: u32,
    listeners: Vec<Listener>,
    /// The devices that it holds, once for each slot.
    devices: Vec<u64>,
    /// What found no room.
    owed: Vec<Event>,
}

struct Held {
    /// 0 while the thread has no environment.
    env: u32,
    slots: Vec<Option<Slot>>,
}

struct Slot {
    device: Arc<Device>,
    memory: Cell<Memory>,
}

/// Where the memory lies that JavaScript handed in last. Asking Node for that takes longer than the rest of a call, and most
/// callers use the same buffer again; JavaScript keeps it and looks before each call whether the memory is still there.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub data: *mut u8,
    pub length: usize,
}

const NO_MEMORY: Memory = Memory { data: NonNull::dangling().as_ptr(), length: 0 };

/// What JavaScript has asked of the service. It waits for the answer before it does anything else: there is one at most.
pub enum Asked {
    Open(Box<Opening>),
    Devices(Pending<DeviceNames>),
    Info(Pending<AudioInfo>),
}

thread_local! {
    static ASKED: RefCell<Option<Asked>> = const { RefCell::new(None) };
    static HELD: RefCell<Held> = const { RefCell::new(Held { env: 0, slots: Vec::new() }) };
}

/// Called for each load of the addon into an environment; all of them share what it holds.
pub fn enter(env: sys::napi_env) {
    let entered = HELD.with_borrow_mut(|held| {
        let first = held.env == 0;
        if first {
            held.env = NEXT_ENV.fetch_add(1, Ordering::Relaxed);
        }
        first.then_some(held.env)
    });
    let Some(id) = entered else { return };
    audiences().push(Audience { env: id, listeners: Vec::new(), devices: Vec::new(), owed: Vec::new() });
    // SAFETY: `env` is the live environment that is loading us; the hook takes no data. Node aborts if it is added twice.
    unsafe { sys::napi_add_env_cleanup_hook(env, Some(leave), std::ptr::null_mut()) };
    pump::start(deliver, catch_up);
}

/// The environment ends: lets go of all that it holds. Runs on its thread, after its JavaScript.
unsafe extern "C" fn leave(_: *mut std::ffi::c_void) {
    ASKED.take();
    let Held { env, slots } = HELD.with_borrow_mut(|held| std::mem::replace(held, Held { env: 0, slots: Vec::new() }));
    audiences().retain(|audience| audience.env != env);
    for (slot, number) in slots.iter().zip(0..) {
        if let Some(slot) = slot {
            table::let_go(&slot.device, Turn::new(env, number), pump::bell());
        }
    }
}

/// Keeps `device` for this environment; the answer is the number that JavaScript calls it by.
pub fn keep(device: Arc<Device>) -> u32 {
    HELD.with_borrow_mut(|held| {
        let free = held.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            held.slots.push(None);
            held.slots.len() - 1
        });
        with_audience(held.env, |audience| audience.devices.push(device.id));
        held.slots[free] = Some(Slot { device, memory: Cell::new(NO_MEMORY) });
        free as u32
    })
}

/// Lets go of one slot; nothing happens for one that is empty.
pub fn let_go(slot: u32) {
    let taken = HELD.with_borrow_mut(|held| Some((held.slots.get_mut(slot as usize)?.take()?, held.env)));
    if let Some((Slot { device, .. }, env)) = taken {
        with_audience(env, |audience| {
            let held = audience.devices.iter().position(|id| *id == device.id);
            held.map(|index| audience.devices.swap_remove(index));
        });
        table::let_go(&device, Turn::new(env, slot), pump::bell());
    }
}

/// Uses the device in a slot, as its user, with the memory that the slot remembers.
pub fn with<R>(slot: u32, act: impl FnOnce(&Device, Turn, &Cell<Memory>) -> R) -> Option<R> {
    HELD.with_borrow(|held| {
        let Slot { device, memory } = held.slots.get(slot as usize)?.as_ref()?;
        Some(act(device, Turn::new(held.env, slot), memory))
    })
}

/// The device in a slot, to be used without holding on to the slots (while blocking).
pub fn device(slot: u32) -> Option<Arc<Device>> {
    HELD.with_borrow(|held| Some(held.slots.get(slot as usize)?.as_ref()?.device.clone()))
}

/// Keeps a question for `answer`; an older one, which nobody waits for any more, is given up.
pub fn ask(question: Asked) {
    ASKED.replace(Some(question));
}

/// Looks for the answer to what was asked; with one, or if there is nothing to wait for, the question is over.
pub fn answer<R>(look: impl FnOnce(&mut Asked) -> Option<R>) -> Option<R> {
    let mut question = ASKED.take()?;
    let answer = look(&mut question);
    if answer.is_none() {
        ask(question);
    }
    answer
}

/// Calls `listener` for every event from now on, until the environment ends.
pub fn listen(listener: &Function<EventArgs, ()>) -> napi::Result<()> {
    let listener = listener
        .build_threadsafe_function::<EventArgs>()
        .weak::<true>()
        .max_queue_size::<EVENT_ROOM>()
        .build_callback(|context| Ok(context.value))?;
    let env = HELD.with_borrow(|held| held.env);
    with_audience(env, |audience| audience.listeners.push(listener));
    Ok(())
}

fn audiences() -> MutexGuard<'static, Vec<Audience>> {
    AUDIENCES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with_audience(env: u32, act: impl FnOnce(&mut Audience)) {
    if let Some(audience) = audiences().iter_mut().find(|audience| audience.env == env) {
        act(audience);
    }
}

/// Pump thread: hands an event to every environment that it concerns.
fn deliver(event: Event) {
    for audience in audiences().iter_mut().filter(|audience| audience.is_concerned(event)) {
        audience.tell(event);
    }
}

/// Pump thread: tries again to tell what found no room; true if nothing is owed any more.
fn catch_up() -> bool {
    let mut audiences = audiences();
    for audience in audiences.iter_mut() {
        for event in std::mem::take(&mut audience.owed) {
            if audience.is_concerned(event) {
                audience.tell(event);
            }
        }
    }
    audiences.iter().all(|audience| audience.owed.is_empty())
}

impl Audience {
    fn is_concerned(&self, event: Event) -> bool {
        match event {
            Event::DevicesChanged => true,
            Event::Lost { device } | Event::Failed { device } | Event::Shortage { device, .. } => {
                self.devices.contains(&device)
            }
        }
    }

    fn tell(&mut self, event: Event) {
        let (kind, device, from, to, frames, ended) = match event {
            Event::DevicesChanged => ("devices", 0, 0, 0, 0, true),
            Event::Lost { device } => ("lost", device, 0, 0, 0, true),
            Event::Failed { device } => ("failed", device, 0, 0, 0, true),
            Event::Shortage { device, from, to, frames, ended } => ("shortage", device, from.0, to.0, frames.0, ended),
        };
        let is_told_once = !matches!(event, Event::Shortage { .. });
        for listener in &self.listeners {
            let args = (kind.to_owned(), device as f64, from as f64, to as f64, frames as f64, ended);
            let status = listener.call(args.into(), ThreadsafeFunctionCallMode::NonBlocking);
            if status == Status::QueueFull && is_told_once && !self.owed.contains(&event) {
                self.owed.push(event);
            }
        }
    }
}
