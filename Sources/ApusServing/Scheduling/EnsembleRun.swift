internal import Synchronization

/// One request inside an ensemble. Each response of a decoupled step makes a flow of its own from there
/// on.
final class EnsembleRun: Sendable {
  /// Tensors that are there, and the steps that have begun.
  private struct Flow: Sendable {
    var tensors: [String: ServedTensor]
    var started: Set<Int> = []
    var isAnswered = false
  }

  private struct State {
    var flows: [Int: Flow] = [:]
    var nextFlow = 0
    /// Requests to models that have not had their final reply.
    var outstanding = 0
    var handles: [RequestHandle] = []
    var isOver = false
  }

  private let state = Mutex(State())
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
  }

  func start() {
    let tensors = Dictionary(
      request.prepared.inputs.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    state.withLock { state in
      state.flows[0] = Flow(tensors: tensors)
      state.nextFlow = 1
      // Held until everything that can start has.
      state.outstanding = 1
    }
    request.handle.onCancel { [weak self] in self?.fail(ActiveRequest.cancelled, .canceled) }
    advance(0)
    settle()
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
      state.outstanding += ready.count
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
    if let outputs, responder.contract.isDecoupled { _ = responder.send(request, outputs) }
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
    let tensors = state.withLock { $0.flows[flow]?.tensors ?? [:] }
    var part = request.request
    part.model = step.model
    part.version = step.version
    part.inputs = step.inputs.compactMap { input, name in
      tensors[name].map { NamedTensor(input, $0) }
    }
    part.outputs = step.outputs.keys.sorted().map { RequestedOutput($0) }
    part.acceptsManyResponses = true
    part.arrival = Clock.now()
    let handle = submit(part) { [self] reply in receive(reply, step, flow: flow) }
    let isOver = state.withLock { state in
      state.handles.append(handle)
      return state.isOver
    }
    if isOver { handle.cancel() }
  }

  private func receive(_ reply: Reply, _ step: EnsembleStep, flow: Int) {
    switch reply {
    case .failure(let error): fail(error, error.code == .cancelled ? .canceled : .other)
    case .finished: break
    case .response(let response, let isFinal):
      let next = state.withLock { state -> Int? in
        guard !state.isOver, var tensors = state.flows[flow] else { return nil }
        for output in response.outputs {
          if let name = step.outputs[output.name] { tensors.tensors[name] = output.tensor }
        }
        if isFinal {
          state.flows[flow] = tensors
          return flow
        }
        defer { state.nextFlow += 1 }
        state.flows[state.nextFlow] = tensors
        return state.nextFlow
      }
      if let next { advance(next) }
    }
    if reply.isFinal { settle() }
  }

  /// One thing less is under way.
  private func settle() {
    let isLast = state.withLock { state in
      state.outstanding -= 1
      guard state.outstanding == 0, !state.isOver else { return false }
      state.isOver = true
      return true
    }
    guard isLast else { return }
    if responder.contract.isDecoupled {
      responder.end(timed())
    } else {
      responder.fail(
        request,
        ServingError(
          .internalFailure,
          "in ensemble '\(responder.contract.model)', all steps are done and outputs are missing"),
        .backend)
    }
    onEnd()
  }

  private func succeed(_ outputs: [NamedTensor]) {
    guard close() else { return }
    let request = timed()
    responder.statistics.countExecution(size: request.prepared.batchSize, request.times)
    responder.succeed(request, outputs)
    onEnd()
  }

  private func fail(_ error: ServingError, _ reason: FailureReason) {
    guard close() else { return }
    responder.fail(
      request, error.prefixed("in ensemble '\(responder.contract.model)', "), reason)
    onEnd()
  }

  /// Ends the run; false where it had ended. What is still under way is cancelled.
  private func close() -> Bool {
    let handles = state.withLock { state -> [RequestHandle]? in
      if state.isOver { return nil }
      state.isOver = true
      state.flows.removeAll()
      return state.handles
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
