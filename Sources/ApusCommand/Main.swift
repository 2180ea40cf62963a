internal import Apus
internal import ArgumentParser
internal import CApusPlatform
internal import Foundation

@main
struct Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Optimises trained models, compiles them into one engine file and runs them.",
    discussion: """
      Examples:
        apus demo
        apus run model.onnx --inputs inputs/ --outputs outputs/
        apus build --onnx=model.onnx --saveEngine=model.engine --optShapes=input:1x3x224x224
        apus bench --loadEngine=model.engine --shapes=input:1x3x224x224
      """,
    version: "apus \(Compiler.version) (\(BuildInfo.commit))",
    subcommands: [
      RunCommand.self, BuildCommand.self, BenchCommand.self, TrtexecCommand.self,
    ])

  static func main() {
    apus_install_interrupt_cleanup()
    let arguments = TrtexecSpelling.normalized(CommandLine.arguments)
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch let error as ApusError {
      Terminal.error("error: \(error)")
      Foundation.exit(Int32(error.code.rawValue))
    } catch {
      if let hint = TrtexecSpelling.suggestion(for: arguments, error: "\(fullMessage(for: error))") {
        Terminal.error(hint)
      }
      exit(withError: error)
    }
  }
}

/// What a release build records about itself.
enum BuildInfo {
  static let commit = "unknown commit"
}
