// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that users of the library do not build it.
let package = Package(
  name: "depthvla-benchmarks",
  dependencies: [
    .package(name: "depthvla-weights", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .executableTarget(
      name: "forward-benchmark",
      dependencies: [
        .product(name: "DepthVLARuntime", package: "depthvla-weights"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "load-benchmark",
      dependencies: [
        .product(name: "DepthVLARuntime", package: "depthvla-weights"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "stages-benchmark",
      dependencies: [
        .product(name: "DepthVLAWeights", package: "depthvla-weights"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
