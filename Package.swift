// swift-tools-version: 6.2
import PackageDescription

// DEPTHVLA_STATIC_LIBS=1 links the C libraries statically, for the single-file command: all but
// SentencePiece, of which Debian has no static library, so that libsentencepiece0 must be there.
let staticLibraries = Context.environment["DEPTHVLA_STATIC_LIBS"] == "1"

func link(_ library: String) -> [LinkerSetting] {
  staticLibraries
    ? [.unsafeFlags(["-Xlinker", "-l:lib\(library).a"])] : [.linkedLibrary(library)]
}

// DEPTHVLA_STRICT=1 makes every warning an error, as scripts/check does.
let isStrict = Context.environment["DEPTHVLA_STRICT"] == "1"

let cSettings: [CSetting] = isStrict ? [.treatAllWarnings(as: .error)] : []
let cxxSettings: [CXXSetting] = isStrict ? [.treatAllWarnings(as: .error)] : []
let swiftSettings: [SwiftSetting] =
  [
    .strictMemorySafety(),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
  ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], linking: [LinkerSetting] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, swiftSettings: swiftSettings, linkerSettings: linking)
}

func tests(_ module: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: module + "Tests", dependencies: [.byName(name: module)] + dependencies,
    swiftSettings: swiftSettings)
}

let package = Package(
  name: "depthvla-weights",
  products: [
    .executable(name: "depthvla", targets: ["depthvla"]),
    // Everything the command does, as a library.
    .library(name: "DepthVLAWeights", targets: ["DepthVLAWeights"]),
    // What a robot needs: open, verify, load and run a bundle. No conversion code.
    .library(
      name: "DepthVLARuntime",
      targets: ["BundleFormat", "Normalization", "Pipelines", "RandomNumbers"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // System libraries.
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CJSONC", providers: [.apt(["libjson-c-dev"])]),
    .systemLibrary(name: "CLibCrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),

    // Words every module shares.
    module("Diagnostics"),
    module("TensorCore", ["Diagnostics"]),

    // One outside thing each.
    module("StrictJSON", ["Diagnostics", "CJSONC"], linking: link("json-c")),
    .target(name: "CFileAccess", cSettings: cSettings),
    module("FileAccess", ["Diagnostics", "Hashing", "CFileAccess"]),
    .target(name: "CXXHash", cSettings: cSettings + [.unsafeFlags(["-O3"])]),
    module("Hashing", ["CLibCrypto", "CXXHash"], linking: link("crypto")),
    module(
      "Signing", ["Diagnostics", "StrictJSON", "FileAccess", "Hashing", "CLibCrypto"],
      linking: link("crypto")),
    module("Compression", ["Diagnostics", "Hashing", "CZstd"], linking: link("zstd")),
    .target(
      name: "CKernels",
      cSettings: cSettings + [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno"])]),
    module("Kernels", ["TensorCore", "CKernels"]),
    .target(name: "CManifests", cSettings: cSettings),
    module("Manifests", ["CManifests"]),
    module("Parallelism", ["Diagnostics"]),
    .target(
      name: "CProducts",
      cSettings: cSettings + [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno"])]),
    module("MatrixProducts", ["COpenBLAS", "CProducts"], linking: link("openblas")),
    module("Resampling", ["TensorCore"]),
    module("NumPyFiles", ["Diagnostics", "TensorCore"]),
    module("RandomNumbers", ["TensorCore"]),
    .target(
      name: "CImageCodecs", cSettings: cSettings,
      linkerSettings: link("png") + link("jpeg") + link("z")),
    module(
      "Images",
      ["Diagnostics", "TensorCore", "FileAccess", "StrictJSON", "Resampling", "CImageCodecs"]),
    .target(
      name: "CSentencePiece", cxxSettings: cxxSettings,
      linkerSettings: [.linkedLibrary("sentencepiece")]),
    module("Tokenization", ["Diagnostics", "StrictJSON", "CSentencePiece"]),

    // The models: they see weights only through a tensor source.
    module(
      "TensorMath",
      ["Diagnostics", "TensorCore", "Kernels", "MatrixProducts", "Parallelism"]),
    module(
      "Models",
      [
        "Diagnostics", "TensorCore", "StrictJSON", "Kernels", "Parallelism", "TensorMath",
        "Resampling",
      ]),

    // Formats and the arithmetic of weights.
    module("Safetensors", ["Diagnostics", "TensorCore", "StrictJSON", "FileAccess"]),
    module(
      "Normalization",
      [
        "Accounting", "Diagnostics", "TensorCore", "StrictJSON", "FileAccess", "Safetensors",
        "NumPyFiles",
      ]),
    // The keys of the documents beside the weights, and what becomes of each.
    module("Accounting", ["Diagnostics", "StrictJSON"]),
    module("Remapping", ["Diagnostics", "TensorCore", "StrictJSON", "Manifests", "Accounting"]),
    module("Quantization", ["Diagnostics", "TensorCore", "StrictJSON", "Kernels"]),
    module(
      "BundleFormat",
      [
        "Diagnostics", "TensorCore", "StrictJSON", "FileAccess", "Safetensors", "Hashing",
        "Signing", "Compression", "Kernels", "Parallelism",
      ]),

    module(
      "Pipelines",
      [
        "Diagnostics", "TensorCore", "StrictJSON", "Parallelism", "TensorMath", "Models", "Images",
        "NumPyFiles", "BundleFormat", "Tokenization", "Normalization", "RandomNumbers",
      ]),
    module(
      "Parity",
      [
        "Diagnostics", "TensorCore", "StrictJSON", "FileAccess", "Safetensors", "Kernels", "Models",
        "Manifests",
      ]),

    // The front door, and the command behind it.
    module(
      "DepthVLAWeights",
      [
        "Diagnostics", "TensorCore", "StrictJSON", "FileAccess", "Hashing", "Signing",
        "Compression", "Safetensors", "Accounting", "Remapping", "Quantization", "BundleFormat",
        "Kernels", "Parallelism",
        "TensorMath", "Models", "Images", "Tokenization", "Normalization", "Pipelines", "Parity",
        "RandomNumbers",
      ]),
    .executableTarget(
      name: "depthvla",
      dependencies: [
        "Diagnostics", "TensorCore", "StrictJSON", "FileAccess", "Accounting", "Remapping",
        "Quantization", "Hashing", "Signing", "BundleFormat", "TensorMath", "Models", "Images",
        "Normalization",
        "Pipelines", "Parity", "Kernels", "DepthVLAWeights",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    .target(
      name: "TestSupport", dependencies: ["StrictJSON", "TensorCore"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    // Files made to break what reads them, with what must come of each: for the tests, and by
    // `swift run hostile-corpus FOLDER` for the fuzzer and for other programs.
    .target(
      name: "HostileCorpus", dependencies: ["StrictJSON", "Hashing", "Compression", "TestSupport"],
      path: "Tests/HostileCorpus", swiftSettings: swiftSettings),
    .executableTarget(
      name: "hostile-corpus", dependencies: ["HostileCorpus"], path: "Tests/hostile-corpus",
      swiftSettings: swiftSettings),
    // `swift run -c release every-byte BUNDLE`: no changed byte goes unnoticed.
    .executableTarget(
      name: "every-byte", dependencies: ["BundleFormat", "Diagnostics", "Hashing", "TensorCore"],
      path: "Tests/every-byte", swiftSettings: swiftSettings),
    .testTarget(
      name: "HostileTests",
      dependencies: [
        "HostileCorpus", "Diagnostics", "TensorCore", "StrictJSON", "FileAccess", "Safetensors",
        "Remapping", "Quantization", "BundleFormat", "Normalization", "NumPyFiles", "Tokenization",
        "Images", "Parity", "Signing", "DepthVLAWeights", "TestSupport",
      ],
      swiftSettings: swiftSettings),
    tests("StrictJSON", ["Diagnostics"]),
    tests("Accounting", ["Diagnostics", "StrictJSON"]),
    tests("FileAccess", ["Diagnostics", "CFileAccess", "TestSupport"]),
    tests("Hashing"),
    tests("Signing", ["Diagnostics", "Hashing", "StrictJSON", "TestSupport"]),
    tests("Compression", ["Diagnostics"]),
    tests("Parallelism", ["Diagnostics"]),
    tests("Kernels"),
    tests("MatrixProducts", ["Parallelism"]),
    tests(
      "Models",
      [
        "BundleFormat", "DepthVLAWeights", "Diagnostics", "Parity", "Quantization", "Remapping",
        "StrictJSON", "TensorCore", "TensorMath", "TestSupport",
      ]),
    tests("TensorMath", ["Kernels", "MatrixProducts", "TensorCore"]),
    tests("Resampling", ["TensorCore", "TestSupport"]),
    tests("Tokenization", ["Diagnostics", "StrictJSON", "TestSupport"]),
    tests("NumPyFiles", ["Diagnostics", "TensorCore", "TestSupport"]),
    tests("RandomNumbers", ["Hashing", "StrictJSON", "TensorCore", "TestSupport"]),
    tests(
      "Normalization",
      ["Diagnostics", "NumPyFiles", "RandomNumbers", "StrictJSON", "TensorCore", "TestSupport"]),
    tests("Images", ["Diagnostics", "TensorCore", "StrictJSON", "TestSupport"]),
    tests(
      "Pipelines",
      [
        "BundleFormat", "DepthVLAWeights", "Diagnostics", "Hashing", "Images", "Models",
        "Normalization", "Parallelism", "Quantization", "RandomNumbers", "Remapping", "StrictJSON",
        "TensorCore", "TensorMath", "TestSupport", "Tokenization",
      ]),
    tests("Safetensors", ["TestSupport", "Diagnostics", "TensorCore", "StrictJSON", "FileAccess"]),
    tests(
      "Remapping",
      ["Diagnostics", "TensorCore", "StrictJSON", "Safetensors", "Manifests", "TestSupport"]),
    tests(
      "Parity",
      [
        "Diagnostics", "TensorCore", "StrictJSON", "FileAccess", "Safetensors", "Models",
        "TestSupport",
      ]),
    tests("Quantization", ["Diagnostics", "TensorCore", "StrictJSON", "Kernels"]),
    tests(
      "BundleFormat",
      [
        "Diagnostics", "TensorCore", "StrictJSON", "Hashing", "Signing", "Compression",
        "Parallelism", "HostileCorpus", "TestSupport",
      ]),
    tests(
      "DepthVLAWeights",
      [
        "Diagnostics", "TensorCore", "StrictJSON", "FileAccess", "Hashing", "Signing",
        "BundleFormat", "Quantization", "Remapping", "Safetensors", "TensorMath", "Models",
        "Parity", "TestSupport",
      ]),
    // Runs the built command as a child process, so it must be built first.
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "depthvla", "Diagnostics", "Remapping", "Hashing", "Kernels", "StrictJSON", "TensorCore",
        "Images", "CImageCodecs", "Parity", "HostileCorpus", "TestSupport",
      ],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu2x,
  cxxLanguageStandard: .cxx17
)
