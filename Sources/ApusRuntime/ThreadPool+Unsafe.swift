internal import CApusPlatform

/// A fork-join pool shared by the sessions of an engine. Sessions that run at once share its workers;
/// together with the sessions' own threads no more compute than the pool has.
@safe package final class ThreadPool: @unchecked Sendable {
  let pool: OpaquePointer?

  /// `threads` counts the calling thread; 0 takes every usable processor.
  package init(threads: Int) {
    let count = threads > 0 ? UInt32(clamping: threads) : max(apus_usable_cpus(), 1)
    unsafe self.pool = apus_pool_create(count)
  }

  package var threads: Int { unsafe pool.map { unsafe Int(apus_pool_threads($0)) } ?? 1 }

  deinit { if let pool = unsafe pool { unsafe apus_pool_destroy(pool) } }
}

/// A flag that stops a run between two kernels; raise it from any thread.
@safe package final class Cancellation: @unchecked Sendable {
  let flag: UnsafeMutablePointer<apus_flag>

  package init() {
    unsafe flag = .allocate(capacity: 1)
    unsafe flag.initialize(to: apus_flag())
  }

  package func cancel() { unsafe apus_flag_raise(flag) }
  package func reset() { unsafe apus_flag_lower(flag) }
  package var isCancelled: Bool { unsafe apus_flag_is_raised(flag) }

  deinit { unsafe flag.deallocate() }
}
