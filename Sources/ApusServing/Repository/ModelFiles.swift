internal import ApusModelConfig
internal import ApusServingSchema
internal import ApusTensor

/// A model as it lies in a repository, or as a client has sent it: its configuration, before
/// completion, and the versions to serve.
struct ModelFiles: Sendable {
  let directory: ModelDirectory
  let config: Inference_ModelConfig
  /// Directories of all versions.
  let versions: [Int: String]
  /// What tells whether the files have changed since they were read.
  let fingerprint: [String: [UInt64]]
  /// Removed when the model is unloaded.
  let temporary: TemporaryDirectory?

  /// Reads the configuration; a missing one is empty. `fingerprint` is the directory's, from before.
  init(
    _ directory: ModelDirectory, fingerprint: [String: [UInt64]], configName: String
  ) throws(ServingError) {
    self.directory = directory
    self.fingerprint = fingerprint
    versions = directory.versions()
    temporary = nil
    guard let path = directory.configPath(named: configName) else {
      config = Inference_ModelConfig()
      return
    }
    let text = try SmallFile.text(path)
    do throws(ConfigError) { config = try ConfigReader.read(text: text, file: path) } catch {
      throw ServingError(.invalidArgument, error.description)
    }
  }

  /// What a client has sent: a configuration in JSON, and files that take the place of the
  /// repository's where there are any.
  init(
    _ directory: ModelDirectory?, name: String, _ override: LoadOverride
  ) throws(ServingError) {
    guard let json = override.config else {
      throw ServingError(
        .invalidArgument,
        "failed to load '\(name)', override model config must be provided along with override files"
      )
    }
    do throws(ConfigError) { config = try ModelConfigJSON.read(json) } catch {
      throw ServingError(
        .invalidArgument, "failed to load '\(name)', the config parameter: \(error.description)")
    }
    if override.files.isEmpty {
      guard let directory else {
        throw ServingError(
          .notFound, "failed to load '\(name)', failed to poll from model repository")
      }
      self.directory = directory
      fingerprint = directory.fingerprint()
      versions = directory.versions()
      temporary = nil
      return
    }
    let folder = try TemporaryDirectory()
    let path = FileSystem.join(folder.path, name)
    for (file, bytes) in override.files.sorted(by: { $0.key < $1.key }) {
      try folder.write(bytes, to: "\(name)/\(file)")
    }
    let made = ModelDirectory(name: name, path: path, bareFile: nil)
    self.directory = made
    fingerprint = [:]
    versions = made.versions()
    temporary = folder
  }

  /// The versions that the policy wants, newest last.
  func wanted() throws(ServingError) -> [Int] {
    let all = versions.keys.sorted()
    switch config.versionPolicy.policyChoice {
    case .all?: return all
    case .specific(let specific)?:
      let wanted = Set(specific.versions.map { Int($0) })
      if let missing = wanted.subtracting(all).min() {
        throw ServingError(
          .notFound,
          "version \(missing) is specified for model '\(directory.name)', but the version "
            + "directory is not present")
      }
      return all.filter(wanted.contains)
    case .latest(let latest)?: return all.suffix(max(Int(latest.numVersions), 1))
    case nil: return all.suffix(1)
    }
  }

  /// Names of classes by output.
  func labels(_ config: Inference_ModelConfig) throws(ServingError) -> [String: [String]] {
    var labels: [String: [String]] = [:]
    for output in config.output where !output.labelFilename.isEmpty {
      let text = try SmallFile.text(try path(of: output.labelFilename))
      // An empty line is a class without a name.
      var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
      if lines.last?.isEmpty == true { lines.removeLast() }
      labels[output.name] = lines.map { String($0) }
    }
    return labels
  }

  /// A file that the configuration names, which may not leave the model's directory.
  func path(of name: String) throws(ServingError) -> String {
    let parts = name.split(separator: "/")
    guard !name.hasPrefix("/"), !parts.contains(".."), !parts.isEmpty else {
      throw ServingError(
        .invalidArgument, "'\(name)' is no file below the directory of '\(directory.name)'")
    }
    return FileSystem.join(directory.path, name)
  }
}
