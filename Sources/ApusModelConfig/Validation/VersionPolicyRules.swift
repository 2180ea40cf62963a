internal import ApusServingSchema

/// Which versions are served.
enum VersionPolicyRules {
  static func check(_ config: Inference_ModelConfig) throws(ConfigError) {
    switch config.versionPolicy.policyChoice {
    case .latest(let latest):
      if latest.numVersions == 0 {
        throw ConfigError("must be 1 or more", field: "version_policy.latest.num_versions")
      }
    case .specific(let specific):
      let field = "version_policy.specific.versions"
      if specific.versions.isEmpty { throw ConfigError("is empty", field: field) }
      for (index, version) in specific.versions.enumerated() where version < 1 {
        throw ConfigError(
          "versions are numbers from 1 on, found \(version)", field: "\(field)[\(index)]")
      }
    case .all, nil: break
    }
  }
}
