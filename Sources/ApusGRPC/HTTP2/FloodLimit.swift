#if Server
internal import NIOCore

/// Bounds frames that cost their sender nothing.
struct FloodLimit {
  private static let window = TimeAmount.seconds(30)

  private let limit: Int
  private var count = 0
  private var start = NIODeadline.now()

  init(_ limit: Int) { self.limit = limit }

  mutating func take() throws(HTTP2.Failure) {
    count += 1
    guard count > limit else { return }
    let now = NIODeadline.now()
    guard now - start > Self.window else { throw HTTP2.Failure(.enhanceYourCalm) }
    start = now
    count = 1
  }
}
#endif
