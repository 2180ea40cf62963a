internal import ApusTensor

/// Runs one instance of a model on joined requests and answers them. One thread at a time.
final class InstanceExecutor {
  private let instance: ModelInstance
  private let contract: ModelContract
  private let batchInputs: BatchInputs
  private let responder: Responder
  /// Outputs beyond those of the contract that are computed: states of sequences.
  private let extraOutputs: Set<String>
  /// Those, and all of the contract's.
  private let allOutputs: Set<String>
  /// Whether clients see outputs in other shapes than the model gives.
  private let reshapesOutputs: Bool

  init(
    _ instance: ModelInstance, _ contract: ModelContract, _ batchInputs: BatchInputs,
    _ responder: Responder, extraOutputs: Set<String> = []
  ) {
    self.instance = instance
    self.contract = contract
    self.batchInputs = batchInputs
    self.responder = responder
    self.extraOutputs = extraOutputs
    allOutputs = extraOutputs.union(contract.outputs.map(\.name))
    reshapesOutputs = contract.outputs.contains { $0.reshape != nil }
  }

  /// Runs the instance without a request.
  func warmUp(_ inputs: [NamedTensor]) throws(ServingError) {
    switch instance {
    case .batched(let instance):
      _ = try instance.run(inputs, outputs: allOutputs, parameters: [:], handle: nil)
    case .decoupled(let instance):
      try instance.run(inputs, parameters: [:], handle: nil) { _ in true }
    }
  }

  /// Computes and answers all of them. Returns how long computing took, in nanoseconds.
  func execute(_ requests: [ActiveRequest]) -> UInt64 {
    let live = requests.filter { request in
      let isCancelled = request.handle.isCancelled
      if isCancelled { responder.fail(request, ActiveRequest.cancelled, .canceled) }
      return !isCancelled
    }
    if live.count > 1, case .batched(let instance) = instance { return run(instance, live) }
    return live.reduce(0) { $0 &+ run($1) }
  }

  /// As above, for one.
  func execute(_ request: ActiveRequest) -> UInt64 {
    guard request.handle.isCancelled else { return run(request) }
    responder.fail(request, ActiveRequest.cancelled, .canceled)
    return 0
  }

  private func run(_ request: ActiveRequest) -> UInt64 {
    switch instance {
    case .batched(let instance): return run(instance, request)
    case .decoupled(let instance):
      let start = Clock.now()
      run(instance, request)
      return Clock.now() &- start
    }
  }

  /// Runs a request that is a batch of its own.
  private func run(_ instance: any BatchedInstance, _ request: ActiveRequest) -> UInt64 {
    var request = request
    request.times.computeStart = Clock.now()
    let outputs: [NamedTensor]
    do throws(ServingError) {
      var inputs = request.inputs
      if !batchInputs.isEmpty { inputs = try join([request]) }
      request.times.inputEnd = batchInputs.isEmpty ? request.times.computeStart : Clock.now()
      let results = try instance.run(
        inputs, outputs: outputNames(of: request), parameters: request.request.parameters,
        handle: request.handle)
      request.times.outputStart = Clock.now()
      if isPlain(results, request.prepared.batchSize) {
        outputs = ordered(results)
      } else {
        outputs = try split(results, [request])[0]
      }
      request.times.computeEnd = Clock.now()
    } catch {
      responder.fail(request, error, error.code == .cancelled ? .canceled : .backend)
      return Clock.now() &- request.times.computeStart
    }
    responder.statistics.countExecution(size: request.prepared.batchSize, request.times)
    answer(request, outputs)
    return request.times.computeEnd &- request.times.computeStart
  }

  /// Whether the outputs of a request that ran alone are what its client is to see.
  private func isPlain(_ results: [NamedTensor], _ batchSize: Int) -> Bool {
    guard !reshapesOutputs, batchInputs.isEmpty else { return false }
    return contract.maximumBatch == 0
      || results.allSatisfy { $0.tensor.shape.first == batchSize }
  }

  /// Runs several requests as one batch.
  private func run(_ instance: any BatchedInstance, _ requests: [ActiveRequest]) -> UInt64 {
    var times = RequestTimes(arrival: 0)
    times.computeStart = Clock.now()
    let outputs: [[NamedTensor]]
    do throws(ServingError) {
      let inputs = try join(requests)
      times.inputEnd = Clock.now()
      let results = try instance.run(
        inputs, outputs: outputNames(requests), parameters: [:], handle: nil)
      times.outputStart = Clock.now()
      outputs = try split(results, requests)
      times.computeEnd = Clock.now()
    } catch {
      if error.code != .cancelled {
        // One request's values must not fail the others.
        return requests.reduce(0) { $0 &+ run(instance, $1) }
      }
      for request in requests { responder.fail(request, error, .canceled) }
      return Clock.now() &- times.computeStart
    }
    let size = requests.reduce(0) { $0 + $1.prepared.batchSize }
    responder.statistics.countExecution(size: size, times)
    ReplyGathering.run {
      for index in requests.indices {
        var request = requests[index]
        request.times.computeStart = times.computeStart
        request.times.inputEnd = times.inputEnd
        request.times.outputStart = times.outputStart
        request.times.computeEnd = times.computeEnd
        answer(request, outputs[index])
      }
    }
    return times.computeEnd &- times.computeStart
  }

  private func answer(_ request: ActiveRequest, _ outputs: [NamedTensor]) {
    guard let onOutputs = request.onOutputs else { return responder.succeed(request, outputs) }
    onOutputs(outputs)
    responder.succeed(request, outputs.filter { contract.outputIndex[$0.name] != nil })
  }

  private func run(_ instance: any DecoupledInstance, _ request: ActiveRequest) {
    var request = request
    request.times.computeStart = Clock.now()
    request.times.inputEnd = request.times.computeStart
    var responses = ResponseCounter(responder.statistics, request.times)
    var failure: (error: ServingError, reason: FailureReason)?
    do throws(ServingError) {
      try instance.run(
        request.inputs, parameters: request.request.parameters,
        handle: request.handle
      ) { outputs in
        let computed = Clock.now()
        do throws(ServingError) {
          if failure != nil { return false }
          guard try responder.send(request, outputs) else { return false }
          responses.count(.success, computed: computed, sent: Clock.now())
          return true
        } catch {
          responses.count(.failure, computed: computed, sent: Clock.now())
          failure = (error, .other)
          return false
        }
      }
    } catch {
      // What it says of a response that could not be sent is not news.
      if failure == nil {
        let isCancelled = error.code == .cancelled
        responses.count(isCancelled ? .cancellation : .failure, computed: Clock.now())
        failure = (error, isCancelled ? .canceled : .backend)
      }
    }
    if let failure { return responder.fail(request, failure.error, failure.reason) }
    let end = Clock.now()
    if request.handle.isCancelled {
      responses.count(.cancellation, computed: end)
      return responder.fail(request, ActiveRequest.cancelled, .canceled)
    }
    request.times.outputStart = end
    request.times.computeEnd = end
    responder.statistics.countExecution(size: request.prepared.batchSize, request.times)
    // The end is told by a reply of its own, which holds nothing.
    responses.count(.empty, computed: end)
    responder.end(request)
  }

  // MARK: Joining

  private func join(_ requests: [ActiveRequest]) throws(ServingError) -> [NamedTensor] {
    let first = requests[0]
    var inputs: [NamedTensor] = []
    for (position, input) in first.prepared.inputs.enumerated() {
      let declared = contract.inputIndex[input.name].map { contract.inputs[$0] }
      if declared?.isShapeTensor == true {
        inputs.append(input)
        continue
      }
      let parts = requests.map { $0.prepared.inputs[position].tensor }
      inputs.append(
        NamedTensor(input.name, try .joined(parts, isRagged: declared?.isRagged ?? false)))
    }
    let added = requests.map { $0.additions?.inputs ?? [] }
    for (position, input) in added[0].enumerated() {
      inputs.append(NamedTensor(input.name, try .joined(added.map { $0[position].tensor })))
    }
    guard !batchInputs.isEmpty else { return inputs }
    return inputs + (try batchInputs.tensors(requests.map(shapes)))
  }

  private func shapes(_ request: ActiveRequest) -> [String: [Int]] {
    Dictionary(
      request.prepared.inputs.map { ($0.name, $0.tensor.shape) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The outputs that any of the requests needs.
  private func outputNames(_ requests: [ActiveRequest]) -> Set<String> {
    requests.contains(where: wantsAll)
      ? allOutputs : requests.reduce(into: extraOutputs) { $0.formUnion(outputNames(of: $1)) }
  }

  private func outputNames(of request: ActiveRequest) -> Set<String> {
    wantsAll(request) ? allOutputs : extraOutputs.union(request.request.outputs.map(\.name))
  }

  private func wantsAll(_ request: ActiveRequest) -> Bool {
    let wanted = request.request.outputs
    return wanted.isEmpty || wanted.count >= contract.outputs.count
  }

  // MARK: Splitting

  /// The outputs of each request, in the contract's order and the shapes that clients see.
  private func split(
    _ results: [NamedTensor], _ requests: [ActiveRequest]
  ) throws(ServingError) -> [[NamedTensor]] {
    let results = ordered(results)
    var outputs = [[NamedTensor]](repeating: [], count: requests.count)
    let sizes = requests.map(\.prepared.batchSize)
    for result in results {
      let declared = contract.outputIndex[result.name].map { contract.outputs[$0] }
      if let source = batchInputs.scattered[result.name] {
        for (index, part) in try scatter(result, source, requests).enumerated() {
          outputs[index].append(NamedTensor(result.name, part))
        }
      } else if contract.maximumBatch == 0 {
        outputs[0].append(NamedTensor(result.name, try shown(result.tensor, declared, lead: [])))
      } else {
        let parts = try result.tensor.split(sizes, output: result.name)
        for (index, part) in parts.enumerated() {
          outputs[index].append(
            NamedTensor(result.name, try shown(part, declared, lead: [sizes[index]])))
        }
      }
    }
    return outputs
  }

  private func ordered(_ results: [NamedTensor]) -> [NamedTensor] {
    let declared = contract.outputs
    if results.count <= declared.count,
      results.indices.allSatisfy({ results[$0].name == declared[$0].name })
    {
      return results
    }
    func place(_ name: String) -> Int { contract.outputIndex[name] ?? Int.max }
    return results.sorted { place($0.name) < place($1.name) }
  }

  /// The shape that clients see of an output that the model gives in another.
  private func shown(
    _ tensor: ServedTensor, _ declared: ModelContract.Tensor?, lead: [Int]
  ) throws(ServingError) -> ServedTensor {
    guard let declared, let reshape = declared.reshape else { return tensor }
    let dims = Array(tensor.shape.dropFirst(lead.count))
    return try tensor.reshaped(
      lead + ModelContract.substitute(from: dims, pattern: reshape, into: declared.dims))
  }

  /// Cuts a row of elements into parts of the shapes of an input of each request.
  private func scatter(
    _ result: NamedTensor, _ source: String, _ requests: [ActiveRequest]
  ) throws(ServingError) -> [ServedTensor] {
    let shapes = requests.map { self.shapes($0)[source] ?? [] }
    let counts = shapes.map { Array.product($0) ?? 0 }
    let flat = try result.tensor.reshaped([result.tensor.count])
    let parts = try flat.split(counts, output: result.name)
    var shaped: [ServedTensor] = []
    for (part, shape) in zip(parts, shapes) { shaped.append(try part.reshaped(shape)) }
    return shaped
  }
}
