internal import ApusTensor
internal import CApusPlatform

/// Threads that may block.
enum Thread {
  /// Runs `body` on a thread of its own. Throws where the system refuses one.
  static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ServingError) {
    let context = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
    let error = unsafe apus_thread_start(
      name,
      { context in
        guard let context = unsafe context else { return }
        unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
      }, context)
    guard error != 0 else { return }
    unsafe Unmanaged<Body>.fromOpaque(context).release()
    throw ServingError(.unavailable, "the system refused a thread: \(errorText(error))")
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
