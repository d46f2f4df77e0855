//! Several tasks waiting for one event that the operating system (through tokio) reports to one waker only.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A set of tasks; waking it wakes and forgets all of them. Its bound is the number of tasks that wait.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Mutex<Vec<Waker>>);

impl Wakers {
    /// Adds a task unless it is there already.
    pub(crate) fn add(&self, waker: &Waker) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }

    /// Wakes and forgets all.
    pub(crate) fn wake_all(&self) {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Polls in the name of all tasks in the set and of this one.
    pub(crate) fn poll<T>(
        self: &Arc<Self>,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.add(cx.waker());
        let shared = Waker::from(Arc::clone(self));
        poll(&mut Context::from_waker(&shared))
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn wakes_every_task_once() {
        let wakers = Arc::new(Wakers::default());
        let counts = [(); 3].map(|()| Arc::new(Count::default()));
        let mut registered = None;
        for count in &counts {
            let waker = Waker::from(Arc::clone(count));
            for _ in 0..2 {
                let cx = Context::from_waker(&waker);
                let _: Poll<()> = wakers.poll(&cx, |cx| {
                    registered = Some(cx.waker().clone());
                    Poll::Pending
                });
            }
        }
        registered.unwrap().wake();
        for count in &counts {
            assert_eq!(count.0.load(Ordering::Relaxed), 1);
        }
        wakers.wake_all();
        assert_eq!(
            counts[0].0.load(Ordering::Relaxed),
            1,
            "woken tasks are forgotten"
        );
    }
}
