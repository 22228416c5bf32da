//! Tasks that wait for loads, polled by hand.

use std::future::{pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use purekv::{Cache, Clock, Store};

use crate::{Face, SECOND, panic_of, tests};

tests![
    a_miss_loads_and_a_hit_does_not,
    one_load_for_tasks_that_wait,
    an_error_goes_to_all_who_wait,
    errors_of_other_types_are_not_mixed_up,
    a_thread_waits_for_a_task,
    a_task_waits_for_a_thread,
    a_task_that_asks_for_its_own_key_panics,
    a_task_refreshes_while_others_get_the_old_value,
    removed_while_it_is_loaded,
];

/// Counts how often it is woken; unparks its thread.
pub(crate) struct Bell {
    rung: AtomicU32,
    thread: thread::Thread,
}

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { rung: AtomicU32::new(0), thread: thread::current() })
    }

    pub(crate) fn rung(&self) -> u32 {
        self.rung.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.fetch_add(1, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// One step of a task.
pub(crate) fn poll<F: Future>(task: Pin<&mut F>, bell: &Arc<Bell>) -> Poll<F::Output> {
    let waker = Waker::from(bell.clone());
    task.poll(&mut Context::from_waker(&waker))
}

/// The smallest executor.
pub(crate) fn block_on<F: Future>(task: F) -> F::Output {
    let (mut task, bell) = (pin!(task), Bell::new());
    loop {
        let rung = bell.rung();
        if let Poll::Ready(output) = poll(task.as_mut(), &bell) {
            return output;
        }
        while bell.rung() == rung {
            thread::park();
        }
    }
}

/// A loader that is not ready until it is told so.
#[derive(Default)]
pub(crate) struct Gate(AtomicU32);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.store(1, Ordering::SeqCst);
    }

    /// Whoever waits here is polled by hand.
    pub(crate) async fn wait(&self) {
        poll_fn(|_| match self.0.load(Ordering::SeqCst) {
            0 => Poll::Pending,
            _ => Poll::Ready(()),
        })
        .await;
    }
}

fn fresh<F: Face>() -> F {
    F::make(Clock::manual().0)
}

const fn is_send<T: Send>(_: &T) {}

#[test]
fn the_futures_can_be_sent() {
    let (cache, store) = (Cache::<String, u32>::new(), Store::new());
    is_send(&cache.get_or_insert_async("key", ready(1)));
    is_send(&cache.try_get_or_insert_async("key", ready(Err("error"))));
    is_send(&cache.get_or_refresh_async("key", SECOND, ready((1, None))));
    is_send(&store.get_or_insert_async(b"key", ready(Vec::new())));
    is_send(&store.try_get_or_refresh_async(b"key", SECOND, ready(Err("error"))));
}

#[test]
fn the_loader_decides_the_ttl() {
    let (clock, time) = Clock::manual();
    let cache: Cache<u32, u32> = Cache::builder().clock(clock.clone()).build();
    let store = Store::builder().clock(clock).build();
    let value = || b"value".to_vec();
    assert_eq!(block_on(cache.get_or_insert_async_with_ttl(&1, ready((10, Some(SECOND))))), 10);
    let loaded = cache.try_get_or_insert_async_with_ttl(&2, ready(Ok::<_, ()>((20, Some(SECOND)))));
    assert_eq!(block_on(loaded), Ok(20));
    let loaded = store.get_or_insert_async_with_ttl(b"1", ready((value(), Some(SECOND))));
    assert_eq!(block_on(loaded), value());
    let loaded = ready(Ok::<_, ()>((value(), Some(SECOND))));
    assert_eq!(block_on(store.try_get_or_insert_async_with_ttl(b"2", loaded)), Ok(value()));
    assert_eq!((cache.get(&1), store.get(b"1")), (Some(10), Some(value())));
    time.advance(SECOND);
    assert_eq!((cache.get(&1), cache.get(&2)), (None, None));
    assert_eq!((store.get(b"1"), store.get(b"2")), (None, None));
    let failed = block_on(store.try_get_or_refresh_async(b"1", SECOND, ready(Err("error"))));
    assert_eq!(*failed.unwrap_err(), "error");
    let failed = block_on(cache.try_get_or_refresh_async(&1, SECOND, ready(Err("error"))));
    assert_eq!(*failed.unwrap_err(), "error");
}

fn a_miss_loads_and_a_hit_does_not<F: Face>() {
    let cache = fresh::<F>();
    assert_eq!(block_on(cache.load_async(1, ready(10))), 10);
    assert_eq!(block_on(cache.load_async(1, async { unreachable!("not polled") })), 10);
    assert_eq!(cache.stats().load_successes, 1);
    cache.assert_at_rest();
}

fn one_load_for_tasks_that_wait<F: Face>() {
    let cache = fresh::<F>();
    let gate = Gate::default();
    let mut leads = pin!(cache.load_async(1, async {
        gate.wait().await;
        10
    }));
    let mut waits = [(); 3].map(|()| Box::pin(cache.load_async(1, pending())));
    let bells = [(); 4].map(|()| Bell::new());
    assert!(poll(leads.as_mut(), &bells[3]).is_pending());
    for (task, bell) in waits.iter_mut().zip(&bells) {
        assert!(poll(task.as_mut(), bell).is_pending());
    }
    gate.open();
    assert_eq!(poll(leads.as_mut(), &bells[3]), Poll::Ready(10));
    for (task, bell) in waits.iter_mut().zip(&bells) {
        assert_eq!(bell.rung(), 1);
        assert_eq!(poll(task.as_mut(), bell), Poll::Ready(10));
    }
    assert_eq!(cache.stats().load_successes, 1);
    cache.assert_at_rest();
}

fn an_error_goes_to_all_who_wait<F: Face>() {
    let cache = fresh::<F>();
    let gate = Gate::default();
    let mut leads = pin!(cache.try_load_async(1, async {
        gate.wait().await;
        Err("broken")
    }));
    let mut waits = [(); 3].map(|()| Box::pin(cache.try_load_async(1, pending())));
    let bell = Bell::new();
    assert!(poll(leads.as_mut(), &bell).is_pending());
    for task in &mut waits {
        assert!(poll(task.as_mut(), &bell).is_pending());
    }
    gate.open();
    let Poll::Ready(Err(error)) = poll(leads.as_mut(), &bell) else { panic!("it fails") };
    for task in &mut waits {
        let Poll::Ready(Err(other)) = poll(task.as_mut(), &bell) else { panic!("it fails too") };
        assert!(Arc::ptr_eq(&error, &other), "it is the very same");
    }
    assert_eq!(cache.stats().load_failures, 1);
    cache.assert_at_rest();
}

fn errors_of_other_types_are_not_mixed_up<F: Face>() {
    let cache = fresh::<F>();
    let gate = Gate::default();
    let mut leads = pin!(cache.try_load_async(1, async {
        gate.wait().await;
        Err("a text")
    }));
    let mut waits = pin!(cache.try_load_async(1, ready(Err(7))));
    let mut never_fails = pin!(cache.load_async(1, ready(10)));
    let bell = Bell::new();
    assert!(poll(leads.as_mut(), &bell).is_pending());
    assert!(poll(waits.as_mut(), &bell).is_pending());
    assert!(poll(never_fails.as_mut(), &bell).is_pending());
    gate.open();
    assert!(matches!(poll(leads.as_mut(), &bell), Poll::Ready(Err(error)) if *error == "a text"));
    assert!(matches!(poll(waits.as_mut(), &bell), Poll::Ready(Err(error)) if *error == 7));
    assert_eq!(poll(never_fails.as_mut(), &bell), Poll::Ready(10));
    cache.assert_at_rest();
}

fn a_thread_waits_for_a_task<F: Face>() {
    let cache = fresh::<F>();
    let gate = Gate::default();
    let bell = Bell::new();
    let mut leads = pin!(cache.load_async(1, async {
        gate.wait().await;
        10
    }));
    assert!(poll(leads.as_mut(), &bell).is_pending());
    thread::scope(|scope| {
        let threads = [(); 3].map(|()| scope.spawn(|| cache.load(1, || unreachable!("it is led"))));
        gate.open();
        assert_eq!(poll(leads.as_mut(), &bell), Poll::Ready(10));
        for thread in threads {
            assert_eq!(thread.join().unwrap(), 10);
        }
    });
    assert_eq!(cache.stats().load_successes, 1);
}

fn a_task_waits_for_a_thread<F: Face>() {
    let cache = fresh::<F>();
    let (started, has_started) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let cache = &cache;
        let thread = scope.spawn(move || {
            cache.load(1, || {
                started.send(()).unwrap();
                may_go_on.recv().unwrap();
                10
            })
        });
        has_started.recv().unwrap();
        let mut waits = pin!(cache.load_async(1, pending()));
        assert!(poll(waits.as_mut(), &Bell::new()).is_pending());
        go_on.send(()).unwrap();
        assert_eq!(block_on(waits), 10);
        assert_eq!(thread.join().unwrap(), 10);
    });
    assert_eq!(cache.stats().load_successes, 1);
}

fn a_task_that_asks_for_its_own_key_panics<F: Face>() {
    let cache = fresh::<F>();
    let within = async { cache.load_async(1, pending()).await };
    let text = panic_of(|| block_on(cache.load_async(1, within)));
    assert!(text.contains("wait for itself"), "{text}");
    cache.assert_at_rest();
    assert_eq!(cache.load(1, || 10), 10);
}

fn a_task_refreshes_while_others_get_the_old_value<F: Face>() {
    let cache = fresh::<F>();
    cache.insert_with_ttl(1, 9, SECOND);
    let gate = Gate::default();
    let bell = Bell::new();
    let mut leads = pin!(cache.refresh_async(1, SECOND, async {
        gate.wait().await;
        (10, None)
    }));
    assert!(poll(leads.as_mut(), &bell).is_pending());
    assert_eq!(block_on(cache.refresh_async(1, SECOND, pending())), 9);
    assert_eq!(cache.refresh(1, SECOND, || unreachable!()), 9);
    gate.open();
    assert_eq!(poll(leads.as_mut(), &bell), Poll::Ready(10));
    assert_eq!(cache.get(1), Some(10));
}

fn removed_while_it_is_loaded<F: Face>() {
    let cache = fresh::<F>();
    let gate = Gate::default();
    let bell = Bell::new();
    let mut leads = pin!(cache.load_async(1, async {
        gate.wait().await;
        10
    }));
    let mut waits = pin!(cache.load_async(1, pending()));
    assert!(poll(leads.as_mut(), &bell).is_pending());
    assert!(poll(waits.as_mut(), &bell).is_pending());
    cache.remove(1);
    assert_eq!(block_on(cache.load_async(1, ready(11))), 11, "it does not join");
    gate.open();
    assert_eq!(poll(leads.as_mut(), &bell), Poll::Ready(11));
    assert_eq!(poll(waits.as_mut(), &bell), Poll::Ready(11));
}
