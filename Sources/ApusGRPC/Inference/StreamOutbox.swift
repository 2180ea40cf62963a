#if Server
internal import ApusServing
internal import NIOCore

/// The answers of a stream on their way to the client. Requests run side by side; answers of models with
/// one answer a request are sent in the order of requests, those of decoupled models as they come.
final class StreamOutbox: Sendable {
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
    /// Of answers that were handed to the call and have not left.
    var unreadBytes = 0
    /// Of answers that wait for those of earlier requests.
    var heldBytes = 0
    var hasEnded = false
    var isClosed = false
    var isPaused = false
  }

  private let call: Call
  /// A lock that the thread sanitizer knows: streams are where most threads meet.
  private let state = Monitor(State())
  private let requestLimit: Int
  private let unreadLimit: Int

  init(_ call: Call, requestLimit: Int, unreadLimit: Int) {
    self.call = call
    self.requestLimit = max(requestLimit, 1)
    self.unreadLimit = unreadLimit
  }

  // MARK: Requests

  /// Takes a request in; on the call's event loop. At the limit no more are read until one is answered.
  func open(isOrdered: Bool) -> Ticket {
    state.withLock { state in
      defer {
        state.nextNumber += 1
        if state.slots.count >= requestLimit, !state.isPaused {
          state.isPaused = true
          call.pause()
        }
      }
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
    let isUnread = state.withLock { state -> Bool in
      guard !state.isClosed, var slot = state.slots[ticket.number], !slot.isDone else {
        return false
      }
      if let answer {
        state.heldBytes += answer.byteCount
        slot.held.append(answer)
      }
      slot.isDone = isFinal
      state.slots[ticket.number] = slot
      if slot.isOrdered { sendOrdered(&state) } else { send(ticket.number, &state) }
      finishIfIdle(&state)
      let isCrowded = state.slots.count >= requestLimit || state.heldBytes > unreadLimit
      if state.isPaused != isCrowded {
        state.isPaused = isCrowded
        if isCrowded { call.eventLoop.execute { [call] in call.pause() } } else { call.resume() }
      }
      return state.unreadBytes > unreadLimit
    }
    if isUnread {
      fail(CallStatus(.resourceExhausted, "the client does not read the stream's answers"))
    }
  }

  /// Ends the stream with a status; requests under way are cancelled.
  func fail(_ status: CallStatus) {
    call.finish(status)
    close()
  }

  /// Nobody waits for answers any more; requests under way are cancelled.
  func close() {
    let handles = state.withLock { state -> [RequestHandle] in
      guard !state.isClosed else { return [] }
      state.isClosed = true
      defer { state.slots = [:] }
      return state.slots.values.compactMap(\.handle)
    }
    for handle in handles { handle.cancel() }
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
    for answer in slot.held {
      let count = answer.byteCount
      state.heldBytes -= count
      state.unreadBytes += count
      call.send(answer) { [weak self] in self?.state.withLock { $0.unreadBytes -= count } }
    }
    state.slots[number]?.held = []
    if slot.isDone { state.slots[number] = nil }
  }

  private func finishIfIdle(_ state: inout State) {
    guard state.hasEnded, state.slots.isEmpty, !state.isClosed else { return }
    state.isClosed = true
    call.finish(.ok)
  }
}
#endif
