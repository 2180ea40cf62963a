#if Server
internal import ApusServing
internal import GRPCCore
internal import Synchronization

/// The answers of a stream on their way to the client. Requests run side by side; answers of models with
/// one answer a request are sent in the order of requests, those of decoupled models as they come.
final class StreamOutbox: Sendable {
  enum Item: Sendable {
    case answer(ResponseEncoding)
    /// Ends the stream.
    case failure(RPCError)
  }

  /// A request of the stream.
  struct Ticket: Hashable, Sendable {
    fileprivate let number: Int
  }

  private struct Slot {
    let isOrdered: Bool
    var handle: RequestHandle?
    /// Answers that wait for those of earlier requests.
    var held: [ResponseEncoding] = []
    var isDone = false
  }

  private struct State {
    var slots: [Int: Slot] = [:]
    /// Numbers of ordered slots, the oldest first.
    var order: [Int] = []
    var orderStart = 0
    var nextNumber = 0
    var unreadBytes = 0
    var hasEnded = false
    var isClosed = false
    var reader: CheckedContinuation<Void, Never>?
  }

  let items: AsyncStream<Item>
  private let continuation: AsyncStream<Item>.Continuation
  private let state = Mutex(State())
  private let requestLimit: Int
  private let unreadLimit: Int

  init(requestLimit: Int, unreadLimit: Int) {
    (items, continuation) = AsyncStream.makeStream()
    self.requestLimit = requestLimit
    self.unreadLimit = unreadLimit
  }

  // MARK: Requests

  /// Waits until one more request may be under way.
  func reserve() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        guard state.slots.count >= requestLimit, !state.isClosed else { return true }
        state.reader = continuation
        return false
      }
      if isFree { continuation.resume() }
    }
  }

  func open(isOrdered: Bool) -> Ticket {
    state.withLock { state in
      defer { state.nextNumber += 1 }
      state.slots[state.nextNumber] = Slot(isOrdered: isOrdered)
      if isOrdered { state.order.append(state.nextNumber) }
      return Ticket(number: state.nextNumber)
    }
  }

  /// The handle by which the request is cancelled when the stream ends early.
  func attach(_ handle: RequestHandle, to ticket: Ticket) {
    let isClosed = state.withLock { state in
      state.slots[ticket.number]?.handle = handle
      return state.isClosed
    }
    if isClosed { handle.cancel() }
  }

  /// No more requests come.
  func end() {
    state.withLock { state in
      state.hasEnded = true
      finishIfIdle(&state)
    }
  }

  // MARK: Answers

  /// Takes an answer to a request, or nil for the end without one.
  func put(_ answer: ResponseEncoding?, for ticket: Ticket, isFinal: Bool) {
    let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.isClosed, var slot = state.slots[ticket.number], !slot.isDone else {
        return nil
      }
      if let answer {
        state.unreadBytes += answer.byteCount
        slot.held.append(answer)
      }
      slot.isDone = isFinal
      state.slots[ticket.number] = slot
      if slot.isOrdered { sendOrdered(&state) } else { send(ticket.number, &state) }
      finishIfIdle(&state)
      guard state.slots.count < requestLimit else { return nil }
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume()
    if state.withLock({ $0.unreadBytes > unreadLimit }) {
      fail(
        RPCError(
          code: .resourceExhausted, message: "the client does not read the stream's answers"))
    }
  }

  /// The client's transport has taken an answer.
  func taken(_ answer: ResponseEncoding) {
    state.withLock { $0.unreadBytes -= answer.byteCount }
  }

  /// Ends the stream with a status; requests under way are cancelled.
  func fail(_ error: RPCError) { close(error) }

  /// The client is gone; requests under way are cancelled.
  func close() { close(nil) }

  private func close(_ error: RPCError?) {
    let (handles, reader) = state.withLock {
      state -> ([RequestHandle], CheckedContinuation<Void, Never>?) in
      guard !state.isClosed else { return ([], nil) }
      state.isClosed = true
      if let error { continuation.yield(.failure(error)) }
      continuation.finish()
      defer {
        state.slots = [:]
        state.reader = nil
      }
      return (state.slots.values.compactMap(\.handle), state.reader)
    }
    for handle in handles { handle.cancel() }
    reader?.resume()
  }

  /// Sends what the oldest requests have, up to the first that is not answered.
  private func sendOrdered(_ state: inout State) {
    while state.orderStart < state.order.count {
      let number = state.order[state.orderStart]
      let isDone = state.slots[number]?.isDone ?? true
      send(number, &state)
      guard isDone else { break }
      state.orderStart += 1
    }
    if state.orderStart > 64, state.orderStart * 2 > state.order.count {
      state.order.removeFirst(state.orderStart)
      state.orderStart = 0
    }
  }

  private func send(_ number: Int, _ state: inout State) {
    guard let slot = state.slots[number] else { return }
    // Under the lock, so that answers keep their order.
    for answer in slot.held { continuation.yield(.answer(answer)) }
    state.slots[number]?.held = []
    if slot.isDone { state.slots[number] = nil }
  }

  private func finishIfIdle(_ state: inout State) {
    guard state.hasEnded, state.slots.isEmpty, !state.isClosed else { return }
    state.isClosed = true
    continuation.finish()
  }
}
#endif
