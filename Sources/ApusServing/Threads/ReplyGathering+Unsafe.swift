internal import CApusPlatform

/// Gathers what the replies to a batch leave to do on event loops, so that each of these is woken once for all.
///
/// Woken by the first reply, a loop takes the processor from the thread that makes the replies, sends one and sleeps
/// again, for each request of the batch: that cost more than sending them.
package final class ReplyGathering {
  package typealias Action = @Sendable () -> Void

  private struct Share {
    let loop: AnyObject
    let deliver: (@escaping Action) -> Void
    var actions: [Action]
  }

  private var shares: [Share] = []

  private init() {}

  /// Runs `body`, and hands on afterwards what was gathered on the way.
  static func run(_ body: () -> Void) {
    // Replies may run other models, whose batches are then part of this one.
    guard unsafe apus_thread_value() == nil else { return body() }
    let gathering = ReplyGathering()
    withExtendedLifetime(gathering) {
      unsafe apus_thread_set_value(Unmanaged.passUnretained(gathering).toOpaque())
      body()
      apus_thread_set_value(nil)
    }
    for share in gathering.shares {
      let actions = share.actions
      share.deliver { for action in actions { action() } }
    }
  }

  /// Has `action` run on a loop by `deliver`, later where the calling thread answers a batch. Actions for a loop keep
  /// their order.
  package static func perform(
    on loop: AnyObject, _ action: @escaping Action, deliver: @escaping (@escaping Action) -> Void
  ) {
    guard let current = unsafe apus_thread_value() else { return deliver(action) }
    let gathering = unsafe Unmanaged<ReplyGathering>.fromOpaque(current).takeUnretainedValue()
    if let index = gathering.shares.firstIndex(where: { $0.loop === loop }) {
      gathering.shares[index].actions.append(action)
    } else {
      gathering.shares.append(Share(loop: loop, deliver: deliver, actions: [action]))
    }
  }
}
