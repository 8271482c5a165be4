// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that users of the library do not build it. Build it by ./Fuzzing/run,
// which adds the sanitizers.
let package = Package(
  name: "depthvla-fuzzing",
  dependencies: [.package(name: "depthvla-weights", path: "..")],
  targets: [
    .target(name: "CMemoryFile"),
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "CMemoryFile", .product(name: "DepthVLAWeights", package: "depthvla-weights"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu2x
)
