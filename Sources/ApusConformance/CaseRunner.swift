internal import ApusONNX
internal import ApusTensor

/// A case's folder and where its outputs go.
struct CaseJob {
  let folder: String
  let output: String
}

/// Runs cases and reports them in the marker lines that the suite's driver reads.
struct CaseRunner {
  let evaluator: any CaseEvaluator.Type

  /// Runs one case between its two marker lines.
  func report(_ job: CaseJob) -> CaseStatus {
    writeOutput("@@BEGIN\t\(job.folder)\n")
    var time = Duration.zero
    let status: CaseStatus
    do { status = .ok(evaluated: try run(job, &time)) } catch { status = CaseStatus(error) }
    let message = status.message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let micros =
      time.components.seconds * 1_000_000 + time.components.attoseconds / 1_000_000_000_000
    writeOutput(
      "@@END\t\(job.folder)\t\(status.marker)\t\(Double(micros) / 1000)\t\(message.prefix(600))\n")
    if case .ok = status {} else { writeError("\(message)\n") }
    return status
  }

  /// Runs every data set; returns the operators that ran by their definitions. A data set that fails
  /// does not keep the next ones from running; the first failure is thrown in the end.
  private func run(_ job: CaseJob, _ time: inout Duration) throws -> [String] {
    let model = try evaluator.init(modelPath: FileSystem.join(job.folder, "model.onnx"))
    var failure: (any Error)?
    for set in try numbered("test_data_set_", "", in: job.folder) {
      do { try run(set, of: job, model, &time) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    return model.evaluated
  }

  private func run(
    _ set: String, of job: CaseJob, _ model: any CaseEvaluator, _ time: inout Duration
  ) throws {
    let folder = FileSystem.join(job.folder, set)
    var inputs: [HostValue] = []
    for (name, type) in zip(try numbered("input_", ".pb", in: folder), model.inputTypes) {
      inputs.append(try ValueFile.read(path: FileSystem.join(folder, name), as: type))
    }
    let clock = ContinuousClock()
    let start = clock.now
    let outputs = try model.run(inputs)
    time += clock.now - start
    let target = FileSystem.join(job.output, set)
    try FileSystem.makeDirectory(target)
    for (index, value) in outputs.enumerated() {
      try ValueFile.write(
        value, name: model.outputNames[index],
        path: FileSystem.join(target, "output_\(index).pb"))
    }
  }

  /// Names in a folder that consist of a prefix, a number and a suffix, by number.
  private func numbered(
    _ prefix: String, _ suffix: String, in folder: String
  ) throws -> [String] {
    let names = try FileSystem.list(folder)
    let matches = names.compactMap { name -> (Int, String)? in
      guard name.hasPrefix(prefix), name.hasSuffix(suffix),
        let number = Int(name.dropFirst(prefix.count).dropLast(suffix.count))
      else { return nil }
      return (number, name)
    }
    return matches.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
