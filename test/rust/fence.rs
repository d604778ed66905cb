//! The first three walls of the fence round `rt/`: types, lints, imports. Every test holds the wall against the tree and
//! then against something that must not pass. The fourth wall is `tripwire.rs`.

#[path = "fence/reading.rs"]
mod reading;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use reading::{Names, Source, forbidden_calls, misfits, strays};
use sdl_callback_audio::rt::callback::Callback;
use sdl_callback_audio::rt::capture::CaptureProcessor;
use sdl_callback_audio::rt::playback::PlaybackProcessor;

/// What a type is, as a value: the inherent constants exist only where their bound holds, and then hide the trait's.
struct Is<T>(PhantomData<T>);

trait Otherwise {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T> Otherwise for Is<T> {}

impl<T: Send> Is<T> {
    const SEND: bool = true;
}

impl<T: Sync> Is<T> {
    const SYNC: bool = true;
}

#[test]
fn processors_move_between_threads_and_are_never_shared() {
    let send_not_sync = (true, false);
    assert_eq!((Is::<Callback>::SEND, Is::<Callback>::SYNC), send_not_sync);
    assert_eq!((Is::<PlaybackProcessor>::SEND, Is::<PlaybackProcessor>::SYNC), send_not_sync);
    assert_eq!((Is::<CaptureProcessor>::SEND, Is::<CaptureProcessor>::SYNC), send_not_sync);

    assert_eq!((Is::<f32>::SEND, Is::<f32>::SYNC), (true, true), "an alarm for what may be shared");
    assert_eq!((Is::<Cell<f32>>::SEND, Is::<Cell<f32>>::SYNC), (true, false));
    assert_eq!((Is::<Rc<f32>>::SEND, Is::<Rc<f32>>::SYNC), (false, false), "an alarm for what may not move");
}

#[test]
fn what_the_audio_thread_holds_cannot_grow() {
    let rooms = [Source::all("src/rt"), Source::all("src/link")].concat();
    let known = Names::defined_in(&[rooms.clone(), Source::all("src/units.rs"), Source::all("src/format.rs")].concat());
    assert!(known.contains("PlaybackProcessor") && known.contains("FrameReader"), "{known:?}");
    for source in &rooms {
        assert_eq!(misfits(source, &known), Vec::<String>::new(), "{}", source.name);
    }

    let probe = Source::one("src/rt/fence_probe.rs");
    let fields = probe.text.lines().take_while(|line| *line != "}").filter(|line| line.contains(" // ")).count();
    assert_eq!(misfits(&probe, &known).len(), fields, "every field of the probe is a misfit");
    for wrong in ["Vec<f32>", "Option<Vec<f32>>", "Box<f32>", "Box<dyn Fn()>", "Arc<SmallVec<f32>>", "Box<[String]>"] {
        for form in ["struct P { a: [f32; 8], b: WRONG }", "struct P(WRONG);", "enum P { A(WRONG) }", "type P = WRONG;"]
        {
            let source = Source::of(&form.replace("WRONG", wrong));
            assert_eq!(misfits(&source, &known).len(), 1, "{}", source.text);
        }
    }
    let right = Source::of(
        "struct P<T> { a: Box<[f32]>, b: Option<Arc<FrameMarks>>, c: [T; N], d: HeapCons<u8>, e: Box<FrameMarks> }",
    );
    assert_eq!(misfits(&right, &known), Vec::<String>::new());
}

#[test]
fn rt_names_nothing_but_its_own_rooms_the_standard_library_and_the_rings() {
    for source in Source::all("src/rt") {
        assert_eq!(strays(&source), Vec::<String>::new(), "{}", source.name);
    }

    for stray in [
        "use crate::device::owner::Device;",
        "use crate::{link::tally::Tally, events::pump};",
        "use crate::*;",
        "use super::super::node;",
        "use libc::write;",
        "use crossbeam_channel as channel;",
        "use ::sdl2::sys;",
        "extern crate napi;",
        "extern \"C\" { fn puts(text: *const u8); }",
        "fn f() { crate::error::AudioError::new(); }",
        "fn f() { libc::getpid(); }",
        "fn f() -> napi::Result<()> { Ok(()) }",
        "fn f() { matches!(crate::device::table::all(), _); }",
        "include!(\"elsewhere.rs\");",
        "impl crate::node::Env for u8 {}",
    ] {
        assert_eq!(strays(&Source::of(stray)).len(), 1, "{stray}");
    }
    let fine = "use std::{mem, sync::Arc}; use ringbuf::HeapCons; use crate::{rt, link::{tally, wake::Bell}, units::Frames};
        fn f() { mem::take(&mut 1); u64::MAX; Self::g(); tally::Tally::new(); f32::from(1); let Some(_) = x else { return }; }
        #[cfg(test)] mod tests { use crate::device::owner; }";
    assert_eq!(strays(&Source::of(fine)), Vec::<String>::new());
}

#[test]
fn rt_calls_nothing_of_link_that_says_it_is_not_for_the_audio_thread() {
    let names = Names::not_for_the_audio_thread(&Source::all("src/link"));
    for name in ["append", "shrink_if_drained", "free_all", "with", "wait", "wait_until", "frame_ring"] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    for source in Source::all("src/rt") {
        assert_eq!(forbidden_calls(&source, &names), Vec::<String>::new(), "{}", source.name);
    }

    for call in ["self.writer.append(b)", "cell.with(|x| x)", "frame_ring(l, c, s)", "TryCell::with(c, f)"] {
        let source = Source::of(&format!("impl P {{ fn process(&mut self) {{ {call}; }} }}"));
        assert_eq!(forbidden_calls(&source, &names).len(), 1, "{call}");
    }
}

/// Lints `rt/` and `link/` as they are, or with their probes; returns success and the complaints.
fn clippy(flags: &str) -> (bool, Vec<String>) {
    // Not by RUSTFLAGS, which would have every dependency built once more.
    let ran = Command::new(env!("CARGO"))
        .args(["clippy", "--no-default-features", "--lib", "--message-format=short", "--"])
        .args(flags.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    let said = String::from_utf8_lossy(&ran.stderr);
    (ran.status.success(), said.lines().filter(|line| line.contains(": error")).map(str::to_owned).collect())
}

#[test]
fn the_lints_pass_the_tree_and_refuse_every_line_of_the_probes() {
    let (clean, complaints) = clippy("");
    assert!(clean && complaints.is_empty(), "{complaints:#?}");

    let (clean, complaints) = clippy("--cfg fence_probe");
    assert!(!clean);
    let mut refused = BTreeSet::new();
    for probe in ["src/rt/fence_probe.rs", "src/link/fence_probe.rs"] {
        for (number, line) in (1..).zip(Source::one(probe).text.lines()) {
            let reason = line.split_once(" // ").map(|(_, reason)| reason).filter(|reason| !reason.contains("SAFETY"));
            let of_line = |complaint: &&String| complaint.starts_with(&format!("{probe}:{number}:"));
            let told: Vec<_> = complaints.iter().filter(of_line).collect();
            match reason {
                Some(reason) => {
                    assert!(told.iter().any(|complaint| complaint.contains(reason)), "{probe}:{number} passes: {line}");
                    refused.insert(reason.trim_matches('`').to_owned());
                }
                None => assert!(told.is_empty(), "{probe}:{number} needs its reason beside it: {told:?}"),
            }
        }
    }
    let outside =
        complaints.iter().filter(|complaint| !complaint.contains("fence_probe.rs") && complaint.contains(".rs:"));
    assert_eq!(outside.collect::<Vec<_>>(), Vec::<&String>::new());

    // A ban whose path names nothing refuses nothing: each has its line in a probe.
    let list = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("clippy.toml")).expect("clippy.toml");
    let bans: BTreeSet<_> = list.split("path = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let untested: Vec<_> = bans.iter().filter(|ban| !refused.contains(**ban)).collect();
    assert!(bans.len() > 40 && untested.is_empty(), "no probe for {untested:?}");
}

/// What a room that runs in virtual time names and may not: a clock, a thread, anything outside, or a room that has them.
fn not_virtual(text: &str) -> Vec<&str> {
    let banned =
        ["Instant", "SystemTime", "std::time", "std::thread", "std::fs", "std::net", "std::env", "libc::", "unsafe"];
    let rooms =
        ["codec::", "error::", "link::packets::", "packet::", "playout::", "units::", "voice::door::", "voice::pace::"];
    let strays = text.split("crate::").skip(1).filter(|path| !rooms.iter().any(|room| path.starts_with(room)));
    let strays = strays.map(|path| path.lines().next().unwrap_or(path));
    banned.into_iter().filter(|word| text.contains(word)).chain(strays).collect()
}

#[test]
fn what_runs_in_virtual_time_reads_no_clock_and_starts_no_thread() {
    let rooms = Source::all("src/playout");
    assert!(rooms.len() > 10);
    let voice = ["receive", "door", "pace"].map(|name| Source::one(&format!("src/voice/{name}.rs")));
    for source in rooms.iter().chain(&voice) {
        assert_eq!(not_virtual(&source.text), Vec::<&str>::new(), "{}", source.name);
    }
    for wrong in [
        "let now = Instant::now();",
        "use std::time::Duration;",
        "std::thread::yield_now();",
        "use crate::device::monotonic;",
        "crate::link::wake::Bell::new()",
        "use crate::{device, units};",
        "unsafe { libc::getpid() };",
    ] {
        assert!(!not_virtual(wrong).is_empty(), "{wrong}");
    }
}
