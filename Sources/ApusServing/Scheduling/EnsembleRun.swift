internal import Synchronization

/// One request inside an ensemble. Each response of a decoupled step makes a flow of its own from there
/// on.
final class EnsembleRun: Sendable {
  /// Tensors that are there, and the steps that have begun.
  private struct Flow: Sendable {
    var tensors: [String: ServedTensor]
    var started: Set<Int> = []
    var isAnswered = false
    /// What may still add to it: requests to models without their final reply, and who is about to start
    /// some.
    var holders = 1
  }

  private struct State {
    /// Those that something may still come of.
    var flows: [Int: Flow] = [:]
    var nextFlow = 0
    /// Requests to models that have not had their final reply; nil while they are handed over.
    var handles: [Int: RequestHandle?] = [:]
    var nextRequest = 0
    var responses: ResponseCounter
    /// Nothing more begins.
    var isOver = false
    /// `start` has returned; the request has been answered.
    var hasStarted = false
    var hasEnded = false
  }

  private let state: Mutex<State>
  private let request: ActiveRequest
  private let steps: [EnsembleStep]
  private let responder: Responder
  private let submit: EnsembleScheduler.Submit
  private let onEnd: @Sendable () -> Void

  init(
    _ request: ActiveRequest, _ steps: [EnsembleStep], _ responder: Responder,
    _ submit: @escaping EnsembleScheduler.Submit, onEnd: @escaping @Sendable () -> Void
  ) {
    self.request = request
    self.steps = steps
    self.responder = responder
    self.submit = submit
    self.onEnd = onEnd
    state = Mutex(State(responses: ResponseCounter(responder.statistics, request.times)))
  }

  /// Flows that something may still come of, and requests to models that are under way.
  var held: (flows: Int, requests: Int) { state.withLock { ($0.flows.count, $0.handles.count) } }

  /// Begins; true where it is over by then, and `onEnd` is not called.
  func start() -> Bool {
    let tensors = Dictionary(
      request.prepared.inputs.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    let first = state.withLock { add(Flow(tensors: tensors), &$0) }
    request.handle.onCancel { [weak self] in self?.fail(ActiveRequest.cancelled, .canceled) }
    advance(first)
    release(first)
    return state.withLock { state in
      state.hasStarted = true
      return state.hasEnded
    }
  }

  private func add(_ flow: Flow, _ state: inout State) -> Int {
    state.nextFlow += 1
    state.flows[state.nextFlow] = flow
    return state.nextFlow
  }

  /// Starts what can start in a flow, and answers where it is complete.
  private func advance(_ id: Int) {
    let (ready, outputs) = state.withLock { state -> ([(Int, EnsembleStep)], [NamedTensor]?) in
      guard !state.isOver, var flow = state.flows[id] else { return ([], nil) }
      var ready: [(Int, EnsembleStep)] = []
      for (index, step) in steps.enumerated() where !flow.started.contains(index) {
        guard step.inputs.allSatisfy({ isAvailable($0.tensor, flow) }) else { continue }
        flow.started.insert(index)
        ready.append((index, step))
      }
      flow.holders += ready.count
      var outputs: [NamedTensor]?
      if !flow.isAnswered {
        let found = responder.contract.outputs.compactMap { output in
          flow.tensors[output.name].map { NamedTensor(output.name, $0) }
        }
        if found.count == responder.contract.outputs.count {
          flow.isAnswered = true
          outputs = found
        }
      }
      state.flows[id] = flow
      return (ready, outputs)
    }
    if let outputs, responder.contract.isDecoupled { send(outputs) }
    for (_, step) in ready { run(step, flow: id) }
    if let outputs, !responder.contract.isDecoupled { succeed(outputs) }
  }

  /// An optional input of the ensemble that the client left out holds nobody up.
  private func isAvailable(_ tensor: String, _ flow: Flow) -> Bool {
    if flow.tensors[tensor] != nil { return true }
    guard let index = responder.contract.inputIndex[tensor] else { return false }
    return responder.contract.inputs[index].isOptional
  }

  private func run(_ step: EnsembleStep, flow: Int) {
    let begun = state.withLock { state -> (number: Int, tensors: [String: ServedTensor])? in
      guard !state.isOver, let tensors = state.flows[flow]?.tensors else { return nil }
      state.nextRequest += 1
      state.handles.updateValue(nil, forKey: state.nextRequest)
      return (state.nextRequest, tensors)
    }
    guard let (number, tensors) = begun else { return }
    var part = request.request
    part.model = step.model
    part.version = step.version
    part.inputs = step.inputs.compactMap { input, name in
      tensors[name].map { NamedTensor(input, $0) }
    }
    part.outputs = step.outputs.keys.sorted().map { RequestedOutput($0) }
    part.acceptsManyResponses = true
    part.arrival = Clock.now()
    let handle = submit(part) { [self] reply in receive(reply, step, flow: flow, number) }
    let isOver = state.withLock { state in
      // The final reply may have come before the handle.
      if state.handles.keys.contains(number) { state.handles[number] = handle }
      return state.isOver
    }
    if isOver { handle.cancel() }
  }

  private func receive(_ reply: Reply, _ step: EnsembleStep, flow: Int, _ number: Int) {
    switch reply {
    case .failure(let error): fail(error, error.code == .cancelled ? .canceled : .other)
    case .finished: break
    case .response(let response, let isFinal):
      let next = state.withLock { state -> Int? in
        guard !state.isOver, var next = state.flows[flow] else { return nil }
        for output in response.outputs {
          if let name = step.outputs[output.name] { next.tensors[name] = output.tensor }
        }
        if isFinal {
          state.flows[flow] = next
          return flow
        }
        next.holders = 1
        return add(next, &state)
      }
      if let next {
        advance(next)
        if !isFinal { release(next) }
      }
    }
    if reply.isFinal {
      state.withLock { _ = $0.handles.removeValue(forKey: number) }
      release(flow)
    }
  }

  /// One holder less of a flow, which is forgotten with its last; the run ends with the last flow.
  private func release(_ id: Int) {
    let isLast = state.withLock { state in
      guard !state.isOver, var flow = state.flows[id] else { return false }
      flow.holders -= 1
      state.flows[id] = flow.holders > 0 ? flow : nil
      guard state.flows.isEmpty else { return false }
      state.isOver = true
      return true
    }
    guard isLast else { return }
    let request = timed()
    if responder.contract.isDecoupled {
      responder.statistics.countExecution(size: request.prepared.batchSize, request.times)
      count(.empty, computed: request.times.computeEnd)
      responder.end(request)
    } else {
      responder.fail(
        request,
        ServingError(
          .internalFailure,
          "in ensemble '\(responder.contract.model)', all steps are done and outputs are missing"),
        .backend)
    }
    ended()
  }

  private func send(_ outputs: [NamedTensor]) {
    let computed = Clock.now()
    do throws(ServingError) {
      guard try responder.send(request, outputs) else { return }
      count(.success, computed: computed, sent: Clock.now())
    } catch { fail(error, .other) }
  }

  private func count(
    _ outcome: ModelStatistics.ResponseOutcome, computed: UInt64, sent: UInt64? = nil
  ) {
    state.withLock { $0.responses.count(outcome, computed: computed, sent: sent) }
  }

  private func succeed(_ outputs: [NamedTensor]) {
    guard close() else { return }
    let request = timed()
    responder.statistics.countExecution(size: request.prepared.batchSize, request.times)
    request.onOutputs?(outputs)
    responder.succeed(request, outputs)
    ended()
  }

  private func fail(_ error: ServingError, _ reason: FailureReason) {
    guard close() else { return }
    if responder.contract.isDecoupled {
      count(reason == .canceled ? .cancellation : .failure, computed: Clock.now())
    }
    responder.fail(
      request, error.prefixed("in ensemble '\(responder.contract.model)', "), reason)
    ended()
  }

  /// The request is answered: whoever is in `start` sees it there, or is told.
  private func ended() {
    let isLater = state.withLock { state in
      state.hasEnded = true
      return state.hasStarted
    }
    if isLater { onEnd() }
  }

  /// Ends the run; false where it had ended. What is still under way is cancelled.
  private func close() -> Bool {
    let handles = state.withLock { state -> [RequestHandle]? in
      if state.isOver { return nil }
      state.isOver = true
      state.flows.removeAll()
      return state.handles.values.compactMap { $0 }
    }
    guard let handles else { return false }
    handles.forEach { $0.cancel() }
    return true
  }

  private func timed() -> ActiveRequest {
    var request = request
    request.times.outputStart = Clock.now()
    request.times.computeEnd = request.times.outputStart
    return request
  }
}
