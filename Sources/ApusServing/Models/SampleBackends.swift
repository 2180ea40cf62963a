internal import ApusModelConfig
internal import ApusServingSchema
internal import ApusTensor

/// The sample backends of Triton's that need no model file: `identity` returns its inputs, `repeat` and
/// `square` answer a request with any number of responses. They show and test what a server does
/// around a model.
package enum SampleBackends {
  /// Nil where the backend is none of them.
  static func model(_ config: Inference_ModelConfig) throws(ServingError) -> (any ServableModel)? {
    switch config.backend {
    case "identity": try IdentityModel(config)
    case "repeat", "square": DecoupledSample(config)
    default: nil
    }
  }
}

/// Output number i is input number i. The parameter `execute_delay_ms` makes it take longer.
private final class IdentityModel: ServableModel {
  let signature: ModelSignature
  let memoryByteCount = 0
  let notes: [String] = []
  private let outputs: [String: String]
  private let delay: UInt64

  init(_ config: Inference_ModelConfig) throws(ServingError) {
    guard config.input.count == config.output.count else {
      throw ServingError(
        .invalidArgument,
        "model '\(config.name)' of the identity backend needs as many outputs as inputs, found "
          + "\(config.input.count) and \(config.output.count)")
    }
    for (input, output) in zip(config.input, config.output) where input.dataType != output.dataType
    {
      throw ServingError(
        .invalidArgument,
        "input '\(input.name)' and output '\(output.name)' of the identity backend differ in type")
    }
    signature = ModelSignature(inputs: [], outputs: [])
    outputs = Dictionary(
      zip(config.input.map(\.name), config.output.map(\.name)),
      uniquingKeysWith: { first, _ in first })
    let text = config.parameters["execute_delay_ms"]?.stringValue ?? "0"
    guard let milliseconds = UInt64(text) else {
      throw ServingError(
        .invalidArgument, "parameter execute_delay_ms is a number of milliseconds, found '\(text)'")
    }
    delay = milliseconds.multipliedClamping(by: 1_000_000)
  }

  func makeInstance() throws(ServingError) -> ModelInstance { .batched(Instance(outputs, delay)) }

  private final class Instance: BatchedInstance {
    private let outputs: [String: String]
    private let delay: UInt64
    private let pause = Pause()

    init(_ outputs: [String: String], _ delay: UInt64) {
      self.outputs = outputs
      self.delay = delay
    }

    func run(
      _ inputs: [NamedTensor], outputs wanted: Set<String>, parameters: [String: ParameterValue],
      handle: RequestHandle?
    ) throws(ServingError) -> [NamedTensor] {
      if delay > 0, !pause.wait(until: Clock.now().addingClamping(delay), handle) {
        throw ActiveRequest.cancelled
      }
      return inputs.compactMap { input in
        outputs[input.name].map { NamedTensor($0, input.tensor) }
      }
    }
  }
}

/// `repeat`: for each element of IN, after DELAY ms, a response with OUT = the element and IDX = its place;
/// then WAIT ms. `square`: the element n of IN, n times, as OUT.
private final class DecoupledSample: ServableModel {
  let signature = ModelSignature(inputs: [], outputs: [])
  let memoryByteCount = 0
  let notes: [String] = []
  private let isRepeat: Bool

  init(_ config: Inference_ModelConfig) { isRepeat = config.backend == "repeat" }

  func makeInstance() throws(ServingError) -> ModelInstance { .decoupled(Instance(isRepeat)) }

  private final class Instance: DecoupledInstance {
    private let isRepeat: Bool
    private let pause = Pause()

    init(_ isRepeat: Bool) { self.isRepeat = isRepeat }

    func run(
      _ inputs: [NamedTensor], parameters: [String: ParameterValue], handle: RequestHandle?,
      send: ([NamedTensor]) -> Bool
    ) throws(ServingError) {
      func values(_ name: String) -> [Int] {
        inputs.first { $0.name == name }?.tensor.integers ?? []
      }
      let elements = values("IN")
      guard isRepeat else {
        for element in elements {
          for _ in 0..<max(element, 0) {
            guard send([try tensor("OUT", .int32, [element])]) else { return }
          }
        }
        return
      }
      let delays = values("DELAY")
      for (index, element) in elements.enumerated() {
        guard sleep(milliseconds: index < delays.count ? delays[index] : 0, handle) else { return }
        let outputs = [
          try tensor("OUT", .int32, [element]), try tensor("IDX", .uint32, [index]),
        ]
        guard send(outputs) else { return }
      }
      _ = sleep(milliseconds: values("WAIT").first ?? 0, handle)
    }

    /// False where the request was given up meanwhile.
    private func sleep(milliseconds: Int, _ handle: RequestHandle?) -> Bool {
      // What a request asks for is bounded: a minute is enough to see the order of things.
      let end = Clock.now() + UInt64(min(max(milliseconds, 0), 60_000)) * 1_000_000
      return pause.wait(until: end, handle)
    }

    private func tensor(
      _ name: String, _ type: DataType, _ values: [Int]
    ) throws(ServingError) -> NamedTensor {
      NamedTensor(
        name,
        try ServedTensor(
          type, shape: [values.count],
          type == .uint32
            ? .unsigned(values.map { UInt64($0) }) : .signed(values.map { Int64($0) })))
    }
  }
}

/// A sleep that ends when its request is given up.
private final class Pause: Sendable {
  /// How many requests were given up. Nobody asks, but a state without bytes would share its address with the
  /// object's header, which the thread sanitizer takes for a race.
  private let monitor = Monitor(0)

  /// False where the request was given up before `end`.
  func wait(until end: UInt64, _ handle: RequestHandle?) -> Bool {
    handle?.onCancel { [monitor] in
      // Taking the lock makes sure that the sleeper is either before its look or asleep.
      monitor.withLock { $0 += 1 }
      monitor.broadcast()
    }
    return monitor.wait { _ in
      if handle?.isCancelled == true { return .done(false) }
      return Clock.now() >= end ? .done(true) : .wait(until: end)
    }
  }
}
