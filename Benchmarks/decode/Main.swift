import Apus

/// Decodes tokens greedily with a GPT-2 that takes past keys and values, and prints tokens per second.
///
///     ApusDecoding MODEL.onnx [TOKENS] [PROMPT] [THREADS] [feed|cache]
@main struct Decoding {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 1 else {
      print("usage: ApusDecoding MODEL.onnx [TOKENS] [PROMPT] [THREADS] [feed|cache]")
      return
    }
    func number(_ index: Int, _ standard: Int) -> Int {
      arguments.count > index ? Int(arguments[index]) ?? standard : standard
    }
    let tokens = number(2, 128)
    let prompt = (0..<number(3, 16)).map { $0 * 7919 % 20000 + 5 }
    let model = try Model(contentsOf: arguments[1]).compile(threads: number(4, 2))
    let modes = arguments.count > 5 ? [arguments[5]] : ["feed", "cache"]
    for mode in modes {
      let session = model.makeSession()
      let decoder = Decoder(model: model, session: session)
      let clock = ContinuousClock()
      var found: [Int] = []
      let start = clock.now
      var firstToken = start
      try decoder.decode(prompt, tokens: tokens, cached: mode == "cache") { token in
        if found.isEmpty { firstToken = clock.now }
        found.append(token)
      }
      let spent = clock.now - firstToken
      let seconds = Double(spent.components.seconds) + Double(spent.components.attoseconds) / 1e18
      let rate = Double(max(tokens - 1, 1)) / seconds
      print("\(mode): \(rate) tokens/s, last \(found.suffix(8)), sum \(found.reduce(0, +))")
    }
  }
}

/// One decode loop over a model with inputs `input_ids`, `attention_mask`, `position_ids` and pairs
/// `past_key_values.N.key`, `present.N.key`.
struct Decoder {
  let model: CompiledModel
  let session: InferenceSession

  func decode(_ prompt: [Int], tokens: Int, cached: Bool, _ emit: (Int) -> Void) throws {
    let cache = cached ? try model.makeCache(capacity: prompt.count + tokens) : nil
    var past: [String: Tensor] = [:]
    let pairs = model.inputNames.filter { $0.hasPrefix("past_key_values.") }
    for name in pairs where !cached { past[name] = try Tensor([Float](), shape: [1, 12, 0, 64]) }
    var next = prompt
    var length = 0
    for _ in 0..<tokens {
      var inputs = past
      inputs["input_ids"] = try Tensor(next, shape: [1, next.count])
      inputs["attention_mask"] = try Tensor(
        [Int](repeating: 1, count: length + next.count), shape: [1, length + next.count])
      inputs["position_ids"] = try Tensor(
        Array(length..<(length + next.count)), shape: [1, next.count])
      let outputs =
        if let cache { try session.run(inputs, cache: cache) } else { try session.run(inputs) }
      for name in pairs where !cached {
        past[name] = outputs["present." + name.dropFirst("past_key_values.".count)]
      }
      length += next.count
      let token = argmax(outputs["logits"]!)
      emit(token)
      next = [token]
    }
  }

  private func argmax(_ logits: Tensor) -> Int {
    let width = logits.shape[2]
    let row = logits.floats.suffix(width)
    var best = row.startIndex
    for index in row.indices where row[index] > row[best] { best = index }
    return best - row.startIndex
  }
}
