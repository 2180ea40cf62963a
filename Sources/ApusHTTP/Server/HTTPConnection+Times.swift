#if Server
internal import NIOCore

extension HTTPConnection {
  /// Ends connections whose clients are too slow, or gone without a word. Called again and again: times are
  /// counted from call to call, since calls take less time than a look at the clock for each of their phases would.
  func checkTimes() {
    guard let context else { return }
    let now = NIODeadline.now()
    let spent = now - (phaseSeen ?? now)
    phaseSeen = phaseSeen ?? now
    let timeouts = settings.timeouts
    switch phase {
    case .idle:
      if spent > timeouts.idle, !isSending(context) { context.close(promise: nil) }
    case .head:
      if spent > timeouts.head {
        refuse(.error(.requestTimeout, "the head of the request did not arrive in time"))
      }
    case .body:
      let earned = TimeAmount.seconds(Int64(bytesRead / max(settings.timeouts.slowestRate, 1)))
      guard spent > timeouts.body + earned else { return }
      if current?.isBegun == true {
        context.close(promise: nil)
      } else {
        refuse(.error(.requestTimeout, "the body of the request arrives too slowly"))
      }
    case .answering: break
    case .lingering:
      if spent > .seconds(2), !isSending(context) { context.close(promise: nil) }
    }
    checkProgress(context, now)
  }

  private func isSending(_ context: ChannelHandlerContext) -> Bool { unsentBytes(context) > 0 }

  /// Bytes of answers that the client has not taken yet.
  func unsentBytes(_ context: ChannelHandlerContext) -> Int {
    (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  private func checkProgress(_ context: ChannelHandlerContext, _ now: NIODeadline) {
    let unsent = unsentBytes(context)
    let left = written &- unsent
    if unsent == 0 || left != sent {
      sent = left
      unsentSince = now
    } else if now - unsentSince > settings.timeouts.answer + settings.watchInterval {
      // It may have begun up to an interval after the last look.
      context.close(promise: nil)
    }
  }

  /// Closes without taking the answer from under a client that is still sending.
  func linger(_ context: ChannelHandlerContext) {
    enter(.lingering)
    context.close(mode: .output, promise: nil)
  }
}
#endif
