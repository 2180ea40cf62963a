import Synchronization
import Testing

@testable import ApusServing

@Suite struct ReplyGatheringTests {
  private final class Loop {}

  @Test func whatABatchLeavesToDoIsHandedOnOnceInOrder() {
    let loops = [Loop(), Loop()]
    let done = Mutex<[String]>([])
    var deliveries = 0
    func post(_ loop: Int, _ name: String) {
      ReplyGathering.perform(on: loops[loop]) {
        done.withLock { $0.append(name) }
      } deliver: { action in
        deliveries += 1
        action()
      }
    }
    ReplyGathering.run {
      post(0, "a")
      post(1, "b")
      // A batch within another is part of it.
      ReplyGathering.run { post(0, "c") }
      post(1, "d")
      #expect(done.withLock { $0.isEmpty })
    }
    #expect(deliveries == 2)
    #expect(done.withLock { $0 } == ["a", "c", "b", "d"])
    post(0, "e")
    #expect(deliveries == 3)
    #expect(done.withLock { $0 }.last == "e")
  }
}
