// swift-tools-version: 6.3
import PackageDescription

// A package that uses ours, as a stranger's might: with Foundation, and with targets called Models
// and Images. Built by scripts/check-snippets, which also puts each Swift snippet of our pages into
// .build-snippets as a program of its own and names them all in DEPTHVLA_SNIPPETS.
let snippets = Context.environment["DEPTHVLA_SNIPPETS", default: ""].split(separator: " ")
// A robot that serves nobody asks for no traits: then SwiftNIO is neither fetched nor built.
let traits: Set<Package.Dependency.Trait> =
  Context.environment["DEPTHVLA_TRAITS"] == "none" ? [] : [.defaults]
let isStrict = Context.environment["DEPTHVLA_STRICT"] == "1"

func program(_ name: String, at path: String) -> Target {
  .executableTarget(
    name: name,
    dependencies: [
      "Images", "Models",
      .product(name: "DepthVLARuntime", package: "depthvla-weights"),
      .product(name: "DepthVLAWeights", package: "depthvla-weights"),
    ], path: path, swiftSettings: isStrict ? [.treatAllWarnings(as: .error)] : [])
}

let package = Package(
  name: "consumer",
  dependencies: [.package(name: "depthvla-weights", path: "../..", traits: traits)],
  targets: [
    .target(name: "Images"), .target(name: "Models"), program("robot", at: "Sources/robot"),
  ] + snippets.map { program(String($0), at: ".build-snippets/programs/\($0)") }
)
