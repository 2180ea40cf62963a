import Synchronization
import Testing

@testable import ApusServing

@Suite struct ResponseOrderTests {
  @Test func actionsRunInTheOrderOfTheirTickets() {
    let order = ResponseOrder()
    let seen = Mutex<[Int]>([])
    let tickets = (0..<4).map { _ in order.ticket() }
    for ticket in [2, 0, 3, 1] {
      order.complete(tickets[ticket]) { seen.withLock { $0.append(ticket) } }
    }
    #expect(seen.withLock { $0 } == [0, 1, 2, 3])
  }
}
