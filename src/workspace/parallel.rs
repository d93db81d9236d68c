//! Work on many files with every core, in their order.

use std::num::NonZero;
use std::thread;

/// What `work` makes of each item, in the order of the items. It runs on as many threads as the
/// machine has cores; on this one alone if there is one item.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let each = items.len().div_ceil(cores).max(1);
    let do_part = |part: &[T]| part.iter().map(&work).collect::<Vec<R>>();
    let mut parts = items.chunks(each);
    let Some(first) = parts.next() else {
        return Vec::new();
    };
    thread::scope(|scope| {
        let do_part = &do_part;
        let others: Vec<_> = parts
            .map(|part| scope.spawn(move || do_part(part)))
            .collect();
        let mut done = do_part(first);
        for other in others {
            match other.join() {
                Ok(mut part) => done.append(&mut part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn whatever_thread_did_it_each_result_is_in_the_place_of_its_item() {
        for count in [0, 1, 2, 7, 100] {
            let items: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| item * 2), doubled);
        }
    }
}
