internal import Apus
internal import ApusTensor
internal import ArgumentParser

/// The libraries of custom operators that commands take.
struct PluginFlags: ParsableArguments {
  @Option(
    help: """
      A library of operators that Apus does not know (docs/custom-operators.md); may repeat. It runs \
      with your rights: give only what you trust.
      """)
  var plugins: [String] = []

  /// Registers the operators of every library for the rest of the process.
  func load() throws(ApusError) {
    for path in plugins {
      guard FileSystem.exists(path) else {
        throw ApusError(
          .invalidInput, "there is no such file", location: path,
          hint: "--plugins takes the path of a shared library, such as ./operators.so")
      }
      try OperatorLibrary.load(path)
    }
  }
}
