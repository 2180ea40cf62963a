internal import Apus
internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ApusTensor
internal import ArgumentParser
internal import CApusPlatform
internal import Foundation

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Compiles a small classifier of handwritten digits and runs it.",
    discussion: """
      The classifier was trained on scikit-learn's digits, 8x8 scans of handwriting, and is part of \
      this program. The demo imports it, builds an engine, saves and reloads the engine, classifies \
      scans that training never saw, and compares every answer with the reference evaluator.

      Examples:
        apus demo
        apus demo --show 12
        apus demo --json
      """)

  @Option(help: "How many scans to show.") var show = 6
  @Option(help: "Threads; 0 takes every processor.") var threads = 0
  @Flag(help: "Prints the figures as JSON and nothing else.") var json = false

  func run() throws {
    let data = try DemoData()
    let imported = try Self.importModel(data.model)
    say("1. Import   digits.onnx, \(MemorySize.text(data.model.count)), \(Self.text(imported))")
    var options = BuildOptions()
    options.level = 1
    options.threads = threads
    let built = try Models.build(imported.graph, options)
    say("\n2. Optimise and build")
    say(Self.indented(ReportText.summary(built.report, verbose: false)))
    let (engine, byteCount) = try Models.reload(built.engine, threads: threads)
    say("\n3. Save and reload   engine of \(MemorySize.text(byteCount))")
    let session = engine.makeSession()
    let logits: HostTensor
    do { logits = try Self.only(try session.run(ordered: [data.images])) } catch let error
      as RuntimeError
    {
      throw Models.boundary(error, "digits.onnx")
    }
    let answers = try Classification(logits)
    let right = zip(answers.classes, data.labels).count { $0 == $1 }
    let accuracy = Double(right) / Double(max(data.labels.count, 1)) * 100
    say(
      "\n4. Classify   \(right) of \(data.labels.count) held-out scans right, "
        + "accuracy \(Terminal.fixed(accuracy, 1)) %\n")
    showScans(data, answers)
    let latency = try Self.latency(session, data.images)
    say("\n5. Latency, \(engine.pool.threads) threads")
    for (batch, summary) in latency {
      say(
        "   batch \(Self.right("\(batch)", 3)): median \(Terminal.fixed(summary.median, 3)) ms, "
          + "99 % \(Terminal.fixed(summary.percentiles.first?.value ?? 0, 3)) ms, "
          + "\(Int(Double(batch) / max(summary.median, 1e-9) * 1000)) scans per second")
    }
    let comparison = try Self.reference(imported.graph, data.images, logits)
    let same = try Classification(comparison.expected).classes == answers.classes
    say("\n6. Compare with the reference evaluator")
    say("   logits: \(comparison.result)")
    say("   predictions: \(same ? "all equal" : "DIFFERENT")")
    if json {
      print(
        JSON.object([
          "accuracy": .number(accuracy / 100), "images": .integer(data.labels.count),
          "engineBytes": .integer(byteCount), "build": ReportText.json(built.report),
          "latencyMs": .object(
            Dictionary(
              latency.map { ("\($0.batch)", JSON.number($0.summary.median)) },
              uniquingKeysWith: { $1 })),
          "reference": .object(comparison.result.json), "samePredictions": .boolean(same),
        ]))
    }
    guard comparison.result.agrees, same else {
      throw ApusError(.mismatch, "the engine and the reference evaluator differ")
    }
  }

  private func say(_ text: String) { if !json { print(text) } }

  // MARK: Steps

  private static func importModel(_ bytes: [UInt8]) throws(ApusError) -> ImportedModel {
    do {
      return try ONNXImporter.run(try ModelFile(try ByteRange(copying: bytes)))
    } catch { throw ApusError(.internalFailure, "the embedded model: \(error)") }
  }

  private static func text(_ model: ImportedModel) -> String {
    let graph = model.graph
    let inputs = graph.inputs.map { "\(graph[$0].name): \(graph.type($0))" }
    let outputs = graph.outputs.map { "\($0.name): \(graph.type($0.value))" }
    return "\(graph.order.count) nodes, \(inputs.joined(separator: ", ")) -> "
      + outputs.joined(separator: ", ")
  }

  /// Run times by batch size.
  private static func latency(
    _ session: Session, _ images: HostTensor
  ) throws -> [(batch: Int, summary: LatencySummary)] {
    let total = images.shape.first ?? 0
    let values = try images.reals()
    return try [1, 32, total].filter { $0 > 0 && $0 <= total }.map { batch in
      let size = values.count / max(total, 1)
      let tensor = try HostTensor(
        images.element, shape: [batch] + images.shape.dropFirst(),
        .real(Array(values.prefix(batch * size))))
      _ = try session.run(ordered: [tensor])
      var samples: [Double] = []
      let start = apus_clock_monotonic()
      while samples.count < 1000, apus_clock_monotonic() - start < 300_000_000 {
        let begin = apus_clock_monotonic()
        _ = try session.run(ordered: [tensor])
        samples.append(Double(apus_clock_monotonic() - begin) / 1e6)
      }
      return (batch, LatencySummary(samples, percentiles: [99]))
    }
  }

  private static func reference(
    _ graph: Graph, _ images: HostTensor, _ found: HostTensor
  ) throws -> (result: Comparison, expected: HostTensor) {
    let expected: HostTensor
    do { expected = try only(try ReferenceEvaluator(graph).run([images])) } catch let error
      as EvaluationFailure
    {
      throw Models.boundary(error, "digits.onnx")
    }
    let result = Comparison(
      found: found, expected: expected, tolerance: .scaled(relative: 1e-4, absolute: 0))
    return (result, expected)
  }

  private static func only(_ tensors: [HostTensor]) throws -> HostTensor {
    guard let tensor = tensors.first, tensors.count == 1 else {
      throw ApusError(.internalFailure, "the classifier has \(tensors.count) outputs")
    }
    return tensor
  }

  // MARK: Pictures

  /// Shows scans side by side with their predictions: wrong ones first, then the start of the rest.
  private func showScans(_ data: DemoData, _ answers: Classification) {
    let wrong = data.labels.indices.filter { answers.classes[$0] != data.labels[$0] }
    let rest = data.labels.indices.filter { answers.classes[$0] == data.labels[$0] }
    let half = min(wrong.count, max(show / 3, 0))
    let chosen = Array((rest.prefix(max(show - half, 0)) + wrong.prefix(half)))
    let perRow = 6
    guard let pixels = try? data.images.reals() else { return }
    for start in stride(from: 0, to: chosen.count, by: perRow) {
      let group = chosen[start..<min(start + perRow, chosen.count)]
      let pictures = group.map { index in
        ScanPicture.lines(pixels: pixels, index: index, shape: data.images.shape)
      }
      for row in 0..<(pictures.first?.count ?? 0) {
        say("   " + pictures.map { $0[row] }.joined(separator: "  "))
      }
      let captions = group.map { index in
        let guess = answers.classes[index]
        let percent = Int((answers.confidence[index] * 100).rounded())
        let mark = guess == data.labels[index] ? "" : ", is \(data.labels[index])"
        return Self.left("\(guess) (\(percent) %)\(mark)", ScanPicture.width)
      }
      say("   " + captions.joined(separator: "  ") + "\n")
    }
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func indented(_ text: String) -> String {
    text.split(separator: "\n").map { "   \($0)" }.joined(separator: "\n")
  }
}
