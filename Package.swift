// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: the strict subset of the language that Apus is written in.
let language: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Settings of what is shipped: each use of pointers says `unsafe`.
let strict = language + [.strictMemorySafety()]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: language)
}

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

/// The commit that a release build is made from, named in its environment: `apus --version` shows it.
/// Elsewhere the program finds out by itself.
let commit = String((Context.environment["APUS_COMMIT"] ?? "").filter(\.isHexDigit).prefix(64))

let package = Package(
  name: "apus",
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .executable(name: "apus", targets: ["ApusCommand"]),
    .executable(name: "apus-conformance", targets: ["ApusConformance"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .target(
      name: "CApusPlatform", cSettings: [.define("APUS_COMMIT", to: "\"\(commit)\"")]),
    .target(name: "CApusCPU"),
    .target(name: "CApusPlugin"),
    .target(name: "CApusDemo", exclude: ["data"]),
    library("ApusTensor", ["CApusPlatform"]),
    library("ApusLoops", ["ApusTensor"]),
    library("ApusIR", ["ApusTensor", "ApusLoops", "CApusPlatform"]),
    .target(name: "ApusONNXSchema", dependencies: [protobuf]),
    library("ApusONNX", ["ApusIR", "ApusTensor", "ApusLoops", "ApusONNXSchema", protobuf]),
    library("ApusOptimizer", ["ApusIR", "ApusTensor", "ApusLoops"]),
    library("ApusEngine", ["ApusIR", "ApusTensor", "ApusLoops", "CApusPlatform"]),
    library(
      "ApusCPU",
      ["ApusEngine", "ApusIR", "ApusTensor", "ApusLoops", "CApusCPU", "CApusPlatform"]),
    library(
      "ApusRuntime", ["ApusEngine", "ApusIR", "ApusTensor", "ApusLoops", "CApusPlatform"]),
    library(
      "ApusBuilder",
      [
        "ApusEngine", "ApusOptimizer", "ApusRuntime", "ApusIR", "ApusTensor", "ApusLoops",
        "CApusPlatform",
      ]),
    library(
      "Apus",
      [
        "ApusONNX", "ApusOptimizer", "ApusBuilder", "ApusRuntime", "ApusCPU", "ApusEngine",
        "ApusIR", "ApusTensor", "CApusPlugin",
      ]),
    .executableTarget(
      name: "ApusCommand",
      dependencies: [
        "Apus", "ApusONNX", "ApusOptimizer", "ApusBuilder", "ApusRuntime", "ApusCPU", "ApusEngine",
        "ApusIR", "ApusTensor", "CApusPlatform", "CApusDemo", arguments,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "ApusConformance",
      dependencies: [
        "Apus", "ApusBuilder", "ApusEngine", "ApusRuntime", "ApusIR", "ApusTensor", "ApusONNX",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "ApusDecoding", dependencies: ["Apus"], path: "Benchmarks/decode",
      swiftSettings: strict),
    .target(name: "ApusTestSupport", path: "Tests/Support", swiftSettings: language),
    tests("ApusTensorTests", ["ApusTensor", "ApusTestSupport"]),
    tests("ApusLoopsTests", ["ApusLoops", "ApusTensor"]),
    tests(
      "ApusCommandTests",
      [
        "ApusCommand", "Apus", "ApusEngine", "ApusONNX", "ApusRuntime", "ApusTensor",
        "ApusTestSupport",
      ]),
    tests(
      "ApusTests",
      [
        "Apus", "ApusBuilder", "ApusCPU", "ApusEngine", "ApusRuntime", "ApusIR", "ApusLoops",
        "ApusTensor", "ApusTestSupport", "CApusDemo", "CApusPlatform",
      ]),
    tests(
      "ApusCPUTests",
      [
        "Apus", "ApusBuilder", "ApusCPU", "ApusEngine", "ApusRuntime", "ApusIR", "ApusLoops",
        "ApusTensor",
      ]),
    tests("ApusOptimizerTests", ["ApusOptimizer", "ApusIR", "ApusLoops", "ApusTensor"]),
    tests("ApusIRTests", ["ApusIR", "ApusTensor", "ApusLoops"]),
    tests(
      "ApusONNXTests",
      [
        "ApusONNX", "ApusIR", "ApusTensor", "ApusLoops", "ApusONNXSchema", "ApusTestSupport",
        protobuf,
      ]),
    .testTarget(
      name: "FuzzTests",
      dependencies: [
        "Apus", "ApusCommand", "ApusONNX", "ApusRuntime", "ApusEngine", "ApusIR", "ApusLoops",
        "ApusTensor", "CApusPlatform",
      ],
      path: "Fuzz", exclude: ["corpus", "README.md", "make_corpus.py", "run.sh"],
      sources: ["Targets", "Replay", "FuzzTarget.swift", "EngineRepair.swift"],
      swiftSettings: language),
  ]
)
