internal import ApusTensor

/// Runs cases of the ONNX test suite: `apus-conformance CASE OUT` or `apus-conformance --batch LIST`,
/// where LIST has one "CASE<tab>OUT" a line. Exit codes of a single case: 0 it ran, 3 it asks for
/// something unsupported, 1 it failed; 2 is a wrong command line.
@main struct Main {
  static func main() {
    do throws(Arguments.Problem) {
      let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
      exitProcess(run(arguments))
    } catch {
      writeError("apus-conformance: \(error.text)\n\(Arguments.usage)\n")
      exitProcess(2)
    }
  }

  private static func run(_ arguments: Arguments) -> Int32 {
    let runner = CaseRunner(evaluator: arguments.mode.evaluator)
    switch arguments.work {
    case .single(let job): return runner.report(job).exitCode
    case .batch(let list):
      let text: String
      do { text = String(decoding: try MappedFile(path: list).range.array, as: UTF8.self) } catch {
        writeError("apus-conformance: \(error)\n")
        return 2
      }
      for line in text.split(whereSeparator: \.isNewline) {
        let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard parts.count >= 2 else { continue }
        _ = runner.report(CaseJob(folder: String(parts[0]), output: String(parts[1])))
      }
      return 0
    }
  }
}

/// The command line.
struct Arguments {
  enum Mode: String, CaseIterable {
    /// Node by node on the operators' definitions.
    case reference
    /// As optimised plan.
    case optimized
    /// As optimised plan, saved and loaded.
    case engine

    var evaluator: any CaseEvaluator.Type {
      switch self {
      case .reference: ReferenceCaseEvaluator.self
      case .optimized: OptimizedCaseEvaluator.self
      case .engine: EngineCaseEvaluator.self
      }
    }
  }

  enum Work {
    case single(CaseJob)
    case batch(String)
  }

  struct Problem: Error {
    let text: String
  }

  static let usage =
    "usage: apus-conformance [--mode reference|optimized|engine] CASE_DIR OUT_DIR | --batch LIST"

  var mode = Mode.optimized
  var work: Work

  init(_ arguments: [String]) throws(Problem) {
    var list: String?
    var paths: [String] = []
    var index = 0
    func value(_ option: String) throws(Problem) -> String {
      guard index + 1 < arguments.count else { throw Problem(text: "\(option) needs a value") }
      index += 1
      return arguments[index]
    }
    while index < arguments.count {
      switch arguments[index] {
      case "--batch": list = try value("--batch")
      case "--mode":
        let name = try value("--mode")
        guard let mode = Mode(rawValue: name) else {
          let known = Mode.allCases.map(\.rawValue).joined(separator: ", ")
          throw Problem(text: "unknown mode '\(name)'; known: \(known)")
        }
        self.mode = mode
      case let option where option.hasPrefix("-"):
        throw Problem(text: "unknown option '\(option)'")
      default: paths.append(arguments[index])
      }
      index += 1
    }
    if let list, paths.isEmpty {
      work = .batch(list)
    } else if list == nil, paths.count == 2 {
      work = .single(CaseJob(folder: paths[0], output: paths[1]))
    } else {
      throw Problem(text: "expected a case and an output folder, or --batch")
    }
  }
}
