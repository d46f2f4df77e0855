//! Tasks that news was found for.

use std::task::Waker;

/// Tasks to wake once the connection is unlocked: sooner, they would only run into the lock.
#[derive(Debug, Default)]
#[must_use = "somebody waits"]
pub(super) struct Wakes {
    /// There is hardly ever more than one.
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Wakes {
    pub(super) fn add(&mut self, waker: Waker) {
        match &self.first {
            None => self.first = Some(waker),
            Some(first) if first.will_wake(&waker) => {}
            Some(_) => self.others.push(waker),
        }
    }

    pub(super) fn wake(self) {
        self.first.into_iter().chain(self.others).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_task_is_woken_and_the_usual_one_once() {
        let counts = [(); 3].map(|()| Arc::new(Count::default()));
        let mut wakes = Wakes::default();
        for count in [&counts[0], &counts[0], &counts[1], &counts[2]] {
            wakes.add(Waker::from(Arc::clone(count)));
        }
        wakes.wake();
        assert_eq!(counts.map(|count| count.0.load(Ordering::Relaxed)), [1, 1, 1]);
    }
}
