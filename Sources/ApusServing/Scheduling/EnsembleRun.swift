internal import Synchronization

/// One request inside an ensemble. Each response of a decoupled step makes a flow of its own from there
/// on.
final class EnsembleRun: Sendable {
  /// Tensors that are there, and the steps that have begun.
  private struct Flow: Sendable {
    /// By the numbers of the plan.
    var tensors: [ServedTensor?]
    var hasStarted: [Bool]
    var isAnswered = false
    /// What may still add to it: requests to models without their final reply, and who is about to start
    /// some.
    var holders = 1
  }

  private struct State {
    /// Those that something may still come of.
    var flows = Slots<Flow>()
    /// Requests to models that have not had their final reply; nil while they are handed over.
    var handles = Slots<RequestHandle?>()
    var responses: ResponseCounter
    /// Nothing more begins.
    var isOver = false
    /// `start` has returned; the request has been answered.
    var hasStarted = false
    var hasEnded = false
  }

  private let state: Mutex<State>
  private let request: ActiveRequest
  private let plan: EnsemblePlan
  private let responder: Responder
  private let submit: EnsembleScheduler.Submit
  private let onEnd: @Sendable () -> Void

  init(
    _ request: ActiveRequest, _ plan: EnsemblePlan, _ responder: Responder,
    _ submit: @escaping EnsembleScheduler.Submit, onEnd: @escaping @Sendable () -> Void
  ) {
    self.request = request
    self.plan = plan
    self.responder = responder
    self.submit = submit
    self.onEnd = onEnd
    state = Mutex(State(responses: ResponseCounter(responder.statistics, request.times)))
  }

  /// Flows that something may still come of, and requests to models that are under way.
  var held: (flows: Int, requests: Int) { state.withLock { ($0.flows.count, $0.handles.count) } }

  /// Begins; true where it is over by then, and `onEnd` is not called.
  func start() -> Bool {
    let flow = Flow(
      tensors: plan.tensors(of: request.prepared, responder.contract),
      hasStarted: [Bool](repeating: false, count: plan.steps.count))
    let (first, work) = state.withLock { state in
      let first = state.flows.insert(flow)
      return (first, advance(first, &state))
    }
    request.handle.onCancel { [weak self] in self?.fail(ActiveRequest.cancelled, .canceled) }
    perform(work, first)
    release(first)
    return state.withLock { state in
      state.hasStarted = true
      return state.hasEnded
    }
  }

  /// What a flow has come to: steps that can begin, and the answer where it is complete.
  private struct Work {
    var ready: [(step: Int, inputs: [NamedTensor])] = []
    var outputs: [NamedTensor]?
  }

  private func advance(_ id: Slots<Flow>.Number, _ state: inout State) -> Work {
    guard !state.isOver else { return Work() }
    let work = state.flows.modify(id) { flow in
      var work = Work()
      for (index, step) in plan.steps.enumerated() where !flow.hasStarted[index] {
        guard step.needs.allSatisfy({ flow.tensors[$0] != nil }) else { continue }
        flow.hasStarted[index] = true
        let inputs = step.inputs.compactMap { name, tensor in
          flow.tensors[tensor].map { NamedTensor(name, $0) }
        }
        work.ready.append((index, inputs))
      }
      flow.holders += work.ready.count
      if !flow.isAnswered, plan.outputs.allSatisfy({ flow.tensors[$0.tensor] != nil }) {
        flow.isAnswered = true
        work.outputs = plan.outputs.compactMap { name, tensor in
          flow.tensors[tensor].map { NamedTensor(name, $0) }
        }
      }
      return work
    }
    return work ?? Work()
  }

  private func perform(_ work: Work, _ flow: Slots<Flow>.Number) {
    if let outputs = work.outputs, responder.contract.isDecoupled { send(outputs) }
    for (step, inputs) in work.ready { run(plan.steps[step], inputs, flow: flow) }
    if let outputs = work.outputs, !responder.contract.isDecoupled { succeed(outputs) }
  }

  private func run(_ step: EnsemblePlan.Step, _ inputs: [NamedTensor], flow: Slots<Flow>.Number) {
    let begun = state.withLock { state in state.isOver ? nil : state.handles.insert(nil) }
    guard let number = begun else { return }
    var part = request.request
    part.model = step.model
    part.version = step.version
    part.inputs = inputs
    part.outputs = step.requested
    part.acceptsManyResponses = true
    part.arrival = Clock.now()
    let handle = submit(part) { [self] reply in receive(reply, step, flow: flow, number) }
    let isOver = state.withLock { state in
      // The final reply may have come before the handle.
      state.handles.modify(number) { $0 = handle }
      return state.isOver
    }
    if isOver { handle.cancel() }
  }

  private func receive(
    _ reply: Reply, _ step: EnsemblePlan.Step, flow: Slots<Flow>.Number,
    _ number: Slots<RequestHandle?>.Number
  ) {
    switch reply {
    case .failure(let error): fail(error, error.code == .cancelled ? .canceled : .other)
    case .finished: break
    case .response(let response, let isFinal):
      let next = state.withLock { state in keep(response, of: step, flow, isFinal, &state) }
      if let (id, work) = next {
        perform(work, id)
        if !isFinal { release(id) }
      }
    }
    if reply.isFinal {
      state.withLock { $0.handles.remove(number) }
      release(flow)
    }
  }

  /// Puts the outputs of a step into its flow, or into one of their own that more may follow; nil where nobody waits for
  /// them any more.
  private func keep(
    _ response: InferenceResponse, of step: EnsemblePlan.Step, _ flow: Slots<Flow>.Number,
    _ isFinal: Bool, _ state: inout State
  ) -> (Slots<Flow>.Number, Work)? {
    guard !state.isOver else { return nil }
    func fill(_ flow: inout Flow) {
      for output in response.outputs {
        if let place = step.outputs.first(where: { $0.name == output.name }) {
          flow.tensors[place.tensor] = output.tensor
        }
      }
    }
    if isFinal {
      guard state.flows.modify(flow, { fill(&$0) }) != nil else { return nil }
      return (flow, advance(flow, &state))
    }
    guard var next = state.flows[flow] else { return nil }
    next.holders = 1
    fill(&next)
    let id = state.flows.insert(next)
    return (id, advance(id, &state))
  }

  /// One holder less of a flow, which is forgotten with its last; the run ends with the last flow.
  private func release(_ id: Slots<Flow>.Number) {
    let isLast = state.withLock { state in
      guard !state.isOver else { return false }
      let holders = state.flows.modify(id) { flow in
        flow.holders -= 1
        return flow.holders
      }
      guard let holders, holders == 0 else { return false }
      state.flows.remove(id)
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
      return state.handles.isEmpty ? [] : state.handles.values.compactMap { $0 }
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
