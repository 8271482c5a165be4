// swift-tools-version: 6.3
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

// DEPTHVLA_COMMIT is the commit that `depthvla --version` prints. scripts/install and
// scripts/release set it: a manifest that asked git would be asked once and its answer kept.
let commit = Context.environment["DEPTHVLA_COMMIT"]

// Every target has this prefix, so that a package that depends on ours may have an `Images` too.
// Folders do without it: DVLAImages is in Sources/Media/Images.
func prefixed(_ name: String) -> String { "DVLA" + name }
func prefixed(_ names: [String]) -> [Target.Dependency] {
  names.map { .byName(name: prefixed($0)) }
}

/// A Swift module of a layer.
func module(
  _ name: String, in layer: String, _ uses: [String] = [], linking: [LinkerSetting] = []
) -> Target {
  .target(
    name: prefixed(name), dependencies: prefixed(uses), path: "Sources/\(layer)/\(name)",
    swiftSettings: swiftSettings, linkerSettings: linking)
}

/// Code in C or C++, beside the Swift module that is its face.
///
/// - Parameter included: folders of .inc files, which its sources include.
func cModule(
  _ name: String, in layer: String, including included: [String] = [], c: [CSetting] = [],
  cxx: [CXXSetting] = [], linking: [LinkerSetting] = []
) -> Target {
  .target(
    name: prefixed(name), path: "Sources/\(layer)/\(name)", exclude: included,
    cSettings: cSettings + c,
    cxxSettings: cxxSettings + cxx, linkerSettings: linking)
}

/// The header of a library of the system.
func systemLibrary(_ name: String, in layer: String, apt package: String) -> Target {
  .systemLibrary(
    name: prefixed(name), path: "Sources/\(layer)/\(name)", providers: [.apt([package])])
}

// Rounded as written: no fused multiply-add that the code does not ask for.
let exactMath: [CSetting] = [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno"])]

// MARK: Layers, the lowest first. A module uses its own layer and those above it in this file.

let core: [Target] = [
  module("Diagnostics", in: "Core"),
  module("Parallelism", in: "Core", ["Diagnostics"]),
  module("Tensors", in: "Core", ["Diagnostics", "Parallelism"]),
  module("Families", in: "Core"),
]

let system: [Target] = [
  systemLibrary("CJSONC", in: "System", apt: "libjson-c-dev"),
  module("JSON", in: "System", ["Diagnostics", "CJSONC"], linking: link("json-c")),
  systemLibrary("CLibCrypto", in: "System", apt: "libssl-dev"),
  cModule("CXXHash", in: "System", c: [.unsafeFlags(["-O3"])]),
  cModule("CSHA256", in: "System", c: [.unsafeFlags(["-O3"])]),
  module(
    "Hashing", in: "System", ["Tensors", "CLibCrypto", "CSHA256", "CXXHash"],
    linking: link("crypto")),
  cModule("CFiles", in: "System"),
  module("Files", in: "System", ["Diagnostics", "Hashing", "CFiles"]),
  module("Base64", in: "System"),
  module(
    "Signing", in: "System",
    ["Base64", "Diagnostics", "JSON", "Files", "Hashing", "CLibCrypto"],
    linking: link("crypto")),
  systemLibrary("CZstd", in: "System", apt: "libzstd-dev"),
  module(
    "Compression", in: "System", ["Diagnostics", "Tensors", "Hashing", "CZstd"],
    linking: link("zstd")),
  // msgpack-cxx is headers alone, so nothing is linked.
  cModule("CMessagePack", in: "System"),
  module("MessagePack", in: "System", ["Diagnostics", "CMessagePack"]),
]

let numerics: [Target] = [
  cModule("CKernels", in: "Numerics", including: ["Bodies"], c: exactMath),
  module("Kernels", in: "Numerics", ["Tensors", "CKernels"]),
  systemLibrary("COpenBLAS", in: "Numerics", apt: "libopenblas-dev"),
  cModule("CProducts", in: "Numerics", including: ["Bodies"], c: exactMath),
  module(
    "MatrixProducts", in: "Numerics", ["COpenBLAS", "CProducts"], linking: link("openblas")),
  module(
    "TensorMath", in: "Numerics",
    ["Diagnostics", "Tensors", "Kernels", "MatrixProducts", "Parallelism"]),
  module("Resampling", in: "Numerics", ["Tensors"]),
  module("RandomNumbers", in: "Numerics", ["Tensors"]),
]

let media: [Target] = [
  cModule("CImageCodecs", in: "Media", linking: link("png") + link("jpeg") + link("z")),
  module(
    "Images", in: "Media",
    ["Diagnostics", "Tensors", "Files", "JSON", "Resampling", "CImageCodecs"]),
  module("Pages", in: "Media", ["Base64", "Diagnostics", "Images", "Tensors"]),
  cModule("CSentencePiece", in: "Media", linking: [.linkedLibrary("sentencepiece")]),
  module("Tokenization", in: "Media", ["Diagnostics", "Tensors", "JSON", "CSentencePiece"]),
]

let formats: [Target] = [
  module("NumPyFiles", in: "Formats", ["Diagnostics", "Tensors"]),
  module("NumPyMessages", in: "Formats", ["Diagnostics", "Tensors", "MessagePack"]),
  module("Safetensors", in: "Formats", ["Diagnostics", "Tensors", "JSON", "Files"]),
  module(
    "Observations", in: "Formats",
    [
      "Diagnostics", "Parallelism", "Tensors", "JSON", "Images", "Files", "Hashing", "Safetensors",
    ]),
  module("Accounting", in: "Formats", ["Diagnostics", "JSON"]),
  module(
    "Gates", in: "Formats",
    ["Diagnostics", "Tensors", "JSON", "Files", "Hashing", "Signing"]),
  module(
    "Bundles", in: "Formats",
    [
      "Diagnostics", "Tensors", "JSON", "Files", "Safetensors", "Hashing", "Signing",
      "Compression", "Gates", "Kernels", "Parallelism",
    ]),
]

let runtime: [Target] = [
  module(
    "Models", in: "Runtime",
    [
      "Diagnostics", "Families", "Tensors", "JSON", "Kernels", "Parallelism", "TensorMath",
      "Resampling",
    ]),
  module(
    "Normalization", in: "Runtime",
    [
      "Accounting", "Diagnostics", "Tensors", "JSON", "Files", "Safetensors", "NumPyFiles",
    ]),
  module(
    "Pipelines", in: "Runtime",
    [
      "Diagnostics", "Families", "Tensors", "JSON", "Files", "Hashing", "Parallelism", "TensorMath",
      "Models",
      "Images", "NumPyFiles", "Bundles", "Tokenization", "Normalization", "Observations",
      "RandomNumbers", "Robots",
    ]),
  module(
    "Robots", in: "Runtime", ["Diagnostics", "JSON", "Images", "NumPyMessages"]),
  // What a robot imports.
  .target(
    name: "DepthVLARuntime",
    dependencies: prefixed([
      "Diagnostics", "Families", "Tensors", "Parallelism", "JSON", "Hashing", "Signing", "Kernels",
      "MatrixProducts", "TensorMath", "RandomNumbers", "Images", "Tokenization", "Gates",
      "Bundles", "Models", "Normalization", "NumPyMessages", "Observations", "Pipelines", "Robots",
    ]), path: "Sources/Runtime/DepthVLARuntime", swiftSettings: swiftSettings),
]

let conversion: [Target] = [
  cModule("CManifests", in: "Conversion"),
  cModule("CBuild", in: "Conversion", c: commit.map { [.define("DVLA_COMMIT", to: $0)] } ?? []),
  module("EmbeddedManifests", in: "Conversion", ["CManifests"]),
  module(
    "Remapping", in: "Conversion",
    ["Diagnostics", "Tensors", "JSON", "EmbeddedManifests", "Accounting"]),
  module("Quantization", in: "Conversion", ["Diagnostics", "Tensors", "JSON", "Kernels"]),
  module(
    "Parity", in: "Conversion",
    [
      "Diagnostics", "Families", "Tensors", "JSON", "Files", "Safetensors", "Kernels", "Models",
      "EmbeddedManifests",
    ]),
  module("PrecisionSearch", in: "Conversion", ["Diagnostics", "Tensors", "Quantization"]),
  module("Drift", in: "Conversion", ["Kernels", "RandomNumbers", "Tensors"]),
  // Everything the command does, as a library.
  .target(
    name: "DepthVLAWeights",
    dependencies: ["DepthVLARuntime"]
      + prefixed([
        "Diagnostics", "Families", "Tensors", "JSON", "Files", "Hashing", "Images", "Signing",
        "Compression",
        "Safetensors", "Accounting", "Remapping", "Quantization", "Bundles", "Kernels",
        "MatrixProducts", "Parallelism", "TensorMath", "Models", "Tokenization", "Normalization",
        "Observations", "Pipelines", "Robots", "Parity", "CBuild", "Drift", "Gates",
        "PrecisionSearch",
      ]), path: "Sources/Conversion/DepthVLAWeights", swiftSettings: swiftSettings),
]

let interface: [Target] = [
  // The header of the C interface, which Swift implements.
  cModule(
    "CDepthVLA", in: "Interface",
    c: staticLibraries ? [.define("DVLA_STATIC_LIBRARIES")] : []),
  .target(
    name: prefixed("CInterface"),
    dependencies: ["DepthVLAWeights"]
      + prefixed([
        "CDepthVLA", "Bundles", "Diagnostics", "Families", "Gates", "Hashing", "Images", "JSON",
        "Kernels", "Models", "Normalization", "Parallelism", "Parity", "Pipelines", "Remapping",
        "Signing", "TensorMath", "Tensors",
      ]), path: "Sources/Interface/CInterface", exclude: ["exports.map"],
    swiftSettings: swiftSettings,
    linkerSettings: [
      // Nothing of the Swift toolchain is needed where it runs, and no other symbol is seen.
      .unsafeFlags(
        [
          "-static-stdlib", "-Xlinker", "--gc-sections", "-Xlinker", "-soname=libdepthvla.so.1",
          "-Xlinker",
          "--version-script=\(Context.packageDirectory)/Sources/Interface/CInterface/exports.map",
        ] + (staticLibraries ? ["-Xlinker", "--wrap=stderr"] : []))
    ]),
]

// What answers robots over a network. Only with the trait Server, so that a package that wants none
// of it neither fetches nor builds SwiftNIO.
let server = TargetDependencyCondition.when(traits: ["Server"])

let serving: [Target] = [
  // A bundle that answers messages, without any network.
  module(
    "PolicyService", in: "Serving",
    [
      "Bundles", "Diagnostics", "Hashing", "Images", "JSON", "MessagePack", "Models",
      "NumPyMessages", "Observations", "Parallelism", "Pipelines", "Robots", "Signing",
      "TensorMath", "Tensors",
    ]),
  .target(
    name: prefixed("PolicyServer"),
    dependencies: prefixed(["Diagnostics", "Files", "Hashing", "PolicyService"]) + [
      .product(name: "Logging", package: "swift-log", condition: server),
      .product(name: "NIOCore", package: "swift-nio", condition: server),
      .product(name: "NIOHTTP1", package: "swift-nio", condition: server),
      .product(name: "NIOPosix", package: "swift-nio", condition: server),
      .product(name: "NIOSSL", package: "swift-nio-ssl", condition: server),
      .product(name: "NIOWebSocket", package: "swift-nio", condition: server),
    ], path: "Sources/Serving/PolicyServer", swiftSettings: swiftSettings),
]

let command: [Target] = [
  .executableTarget(
    name: "depthvla",
    dependencies: [
      "DepthVLAWeights", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      .product(name: "Logging", package: "swift-log", condition: server),
      .target(name: prefixed("Parallelism"), condition: server),
      .target(name: prefixed("PolicyServer"), condition: server),
      .target(name: prefixed("PolicyService"), condition: server),
    ]
      + prefixed([
        "Diagnostics", "Families", "Tensors", "JSON", "Files", "Accounting", "Remapping",
        "Quantization",
        "Hashing", "Signing", "Drift", "Gates", "PrecisionSearch", "Bundles", "TensorMath",
        "Models",
        "Images", "Normalization", "Observations", "Pages", "Pipelines", "Robots", "Parity",
        "Kernels",
        "Safetensors",
      ]), path: "Sources/Command/depthvla", swiftSettings: swiftSettings)
]

// MARK: Tests

/// The tests of a module: DVLAImagesTests is in Tests/ImagesTests.
func tests(_ name: String, of subject: String? = nil, _ uses: [String] = []) -> Target {
  .testTarget(
    name: prefixed(name + "Tests"),
    dependencies: [.byName(name: subject ?? prefixed(name))] + prefixed(uses),
    path: "Tests/\(name)Tests", swiftSettings: swiftSettings)
}

let testing: [Target] = [
  .target(
    name: "DVLATestSupport",
    dependencies: prefixed(["Gates", "Hashing", "JSON", "Signing", "Tensors"]),
    path: "Tests/TestSupport", swiftSettings: swiftSettings),
  // Files made to break what reads them, with what must come of each: for the tests, and by
  // `swift run depthvla-hostile-corpus FOLDER` for the fuzzer and for other programs.
  .target(
    name: "DVLAHostileCorpus",
    dependencies: prefixed([
      "JSON", "Hashing", "Compression", "Gates", "Signing", "TestSupport",
    ]),
    path: "Tests/HostileCorpus", swiftSettings: swiftSettings),
  .executableTarget(
    name: "depthvla-hostile-corpus", dependencies: prefixed(["HostileCorpus", "JSON"]),
    path: "Tests/depthvla-hostile-corpus", swiftSettings: swiftSettings),
  // `swift run -c release depthvla-every-byte BUNDLE`: no changed byte goes unnoticed.
  .executableTarget(
    name: "depthvla-every-byte",
    dependencies: prefixed(["Bundles", "Diagnostics", "Hashing", "Tensors"]),
    path: "Tests/depthvla-every-byte", swiftSettings: swiftSettings),
  tests(
    "Hostile", of: "DVLAHostileCorpus",
    [
      "Diagnostics", "Tensors", "JSON", "Files", "Safetensors", "Remapping", "Quantization",
      "Bundles", "Normalization", "NumPyFiles", "NumPyMessages", "Robots", "Tokenization", "Images",
      "Parity", "Signing", "Gates", "TestSupport",
    ]),
  tests("Tensors", ["Diagnostics"]),
  tests("JSON", ["Diagnostics"]),
  tests("Accounting", ["Diagnostics", "JSON"]),
  tests("Files", ["Diagnostics", "CFiles", "TestSupport"]),
  tests("Hashing"),
  tests("MessagePack", ["Diagnostics"]),
  tests("Base64"),
  tests("Signing", ["Diagnostics", "Hashing", "JSON", "TestSupport"]),
  tests("Gates", ["Diagnostics", "Hashing", "JSON", "Signing", "Tensors", "TestSupport"]),
  tests("Compression", ["Diagnostics"]),
  tests("Parallelism", ["Diagnostics"]),
  tests("Kernels"),
  tests("MatrixProducts", ["Parallelism"]),
  tests(
    "Models",
    [
      "Bundles", "Diagnostics", "Parity", "Quantization", "Remapping", "JSON", "Tensors",
      "TensorMath", "TestSupport",
    ]),
  tests("TensorMath", ["Kernels", "MatrixProducts", "Tensors"]),
  tests("Resampling", ["Tensors", "TestSupport"]),
  tests("Tokenization", ["Diagnostics", "JSON", "TestSupport"]),
  tests("NumPyFiles", ["Diagnostics", "Tensors", "TestSupport"]),
  tests("NumPyMessages", ["Diagnostics", "JSON", "MessagePack", "TestSupport"]),
  tests("RandomNumbers", ["Hashing", "JSON", "Tensors", "TestSupport"]),
  tests(
    "Normalization",
    ["Diagnostics", "NumPyFiles", "RandomNumbers", "JSON", "Tensors", "TestSupport"]),
  tests("Images", ["Diagnostics", "Tensors", "JSON", "TestSupport"]),
  tests("Pages", ["Diagnostics", "Images", "Tensors"]),
  tests(
    "Pipelines",
    [
      "Bundles", "Diagnostics", "Hashing", "Images", "Models", "Normalization", "Observations",
      "Parallelism",
      "Quantization", "RandomNumbers", "Remapping", "JSON", "Tensors", "TensorMath",
      "TestSupport", "Tokenization",
    ]),
  tests(
    "Robots", ["Diagnostics", "Images", "JSON", "NumPyMessages", "TestSupport"]),
  tests("Safetensors", ["TestSupport", "Diagnostics", "Tensors", "JSON", "Files"]),
  tests(
    "Observations",
    ["Diagnostics", "Hashing", "Images", "JSON", "Tensors", "TestSupport"]),
  tests(
    "Remapping",
    [
      "Accounting", "Diagnostics", "Tensors", "JSON", "Safetensors", "EmbeddedManifests",
      "TestSupport",
    ]),
  tests(
    "Parity", ["Diagnostics", "Tensors", "JSON", "Safetensors", "Models", "TestSupport"]),
  tests("Quantization", ["Diagnostics", "Tensors", "JSON", "Kernels"]),
  tests("Drift", ["JSON", "Tensors", "TestSupport"]),
  tests("PrecisionSearch", ["Diagnostics", "Quantization", "Tensors"]),
  tests(
    "Bundles",
    [
      "Diagnostics", "Tensors", "Gates", "JSON", "Hashing", "Signing", "Compression", "Kernels",
      "Parallelism", "HostileCorpus", "TestSupport",
    ]),
  tests(
    "DepthVLAWeights", of: "DepthVLAWeights",
    [
      "Diagnostics", "Tensors", "JSON", "Files", "Gates", "Hashing", "Images", "Signing",
      "Bundles", "Observations", "PrecisionSearch", "Quantization", "Remapping", "Safetensors",
      "Models", "Parity", "Pipelines", "Robots", "TestSupport",
    ]),
  .testTarget(
    name: "DVLAServingTests",
    dependencies: [
      "DepthVLAWeights", .product(name: "Logging", package: "swift-log", condition: server),
    ]
      + prefixed([
        "Bundles", "Diagnostics", "Hashing", "Images", "JSON", "Models", "NumPyMessages",
        "Observations", "Pipelines", "PolicyServer", "PolicyService", "Quantization", "Remapping",
        "Robots", "Signing", "TensorMath", "Tensors", "TestSupport",
      ]), path: "Tests/ServingTests", swiftSettings: swiftSettings),
  // Layers and their imports.
  .testTarget(
    name: "DVLAArchitectureTests", path: "Tests/ArchitectureTests", swiftSettings: swiftSettings),
  // Runs the built command as a child process, so it must be built first.
  tests(
    "Command", of: "depthvla",
    [
      "Drift", "Gates", "Remapping", "Hashing", "Kernels", "JSON", "Tensors", "Images",
      "CImageCodecs", "Observations", "Signing", "Parity",
      "HostileCorpus", "TestSupport",
    ]),
]

// The converter makes what these test.
for target in testing
where ["Models", "Pipelines", "Hostile", "Command"].map({ prefixed($0 + "Tests") })
  .contains(target.name)
{
  target.dependencies.append("DepthVLAWeights")
}

let package = Package(
  name: "depthvla-weights",
  products: [
    .executable(name: "depthvla", targets: ["depthvla"]),
    // Everything the command does, as a library.
    .library(name: "DepthVLAWeights", targets: ["DepthVLAWeights"]),
    // What a robot needs: open, verify, load and run a bundle. No conversion code.
    .library(name: "DepthVLARuntime", targets: ["DepthVLARuntime"]),
    // The same for C, C++ and Python: libdepthvla.so, with the header depthvla.h.
    .library(name: "depthvla-c", type: .dynamic, targets: [prefixed("CInterface")]),
  ],
  traits: [
    .trait(name: "Server", description: "depthvla serve, which needs SwiftNIO"),
    .default(enabledTraits: ["Server"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
  ],
  targets: core + system + numerics + media + formats + runtime + conversion + interface + serving
    + command + testing,
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu2x,
  cxxLanguageStandard: .cxx17
)
