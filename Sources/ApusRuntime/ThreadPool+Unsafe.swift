internal import CApusPlatform

/// A fork-join pool shared by the sessions of an engine. Sessions that run at once share its workers;
/// together with the sessions' own threads no more compute than the pool has.
package final class ThreadPool: @unchecked Sendable {
  let pool: OpaquePointer?

  /// `threads` counts the calling thread; 0 takes every usable processor.
  package init(threads: Int) {
    let count = threads > 0 ? UInt32(clamping: threads) : max(apus_usable_cpus(), 1)
    self.pool = apus_pool_create(count)
  }

  package var threads: Int { pool.map { Int(apus_pool_threads($0)) } ?? 1 }

  deinit { if let pool { apus_pool_destroy(pool) } }
}

/// A flag that stops a run between two kernels; raise it from any thread.
package final class Cancellation: @unchecked Sendable {
  let flag: UnsafeMutablePointer<apus_flag>

  package init() {
    flag = .allocate(capacity: 1)
    flag.initialize(to: apus_flag())
  }

  package func cancel() { apus_flag_raise(flag) }
  package func reset() { apus_flag_lower(flag) }
  package var isCancelled: Bool { apus_flag_is_raised(flag) }

  deinit { flag.deallocate() }
}
