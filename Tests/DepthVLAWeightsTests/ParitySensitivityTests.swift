import DepthVLAWeights
import Diagnostics
import Models
import Parity
import Remapping
import TensorCore
import TensorMath
import TestSupport
import Testing

/// What parity notices of one wrong tensor: everything but those that no output depends on.
struct ParitySensitivityTests {
  static let runtime = ParityRuntime(
    loadModel: { (family, configuration, source, threads) throws(WeightsError) in
      try ModelFactory.load(
        family: family, configuration: configuration, source: source,
        on: Compute(threads: threads))
    },
    process: { _, _, _ in nil })

  struct Case: CustomStringConvertible, Sendable {
    let checkpoint: String
    let goldens: [String]
    /// Which tensors are scaled, by the beginnings of their names.
    var tensors = [""]
    /// The part of a stage's name that says the layer, by that of a tensor's name.
    let layers: [(tensor: String, stage: String)]
    var description: String { checkpoint }
  }

  static let cases = [
    Case(
      checkpoint: "dinov2-swiglu/hf", goldens: ["dinov2-swiglu_28x70"],
      layers: [("dinov2.encoder.layer.", "layer.")]),
    Case(
      checkpoint: "dinov2-with-registers/hf", goldens: ["dinov2-with-registers_28x70"],
      layers: [("dinov2.encoder.layer.", "layer.")]),
    Case(
      checkpoint: "paligemma/hf-hub", goldens: ["paligemma_pad"],
      layers: [
        ("vlm.vision_tower.encoder.layers.", "siglip.layer."), ("vlm.layers.", "layer."),
      ]),
    Case(
      checkpoint: "depth-anything-v2/hf", goldens: ["depth-anything-v2_28x70"],
      // Of the encoder, the layer whose changes show least: the norm behind it hides them.
      tensors: [
        "depth_anything.neck.", "depth_anything.head.",
        "depth_anything.backbone.encoder.layer.11.", "depth_anything.backbone.layernorm.",
      ],
      layers: [
        ("depth_anything.neck.convs.", "neck."),
        ("depth_anything.neck.reassemble_stage.layers.", "reassembled."),
        ("depth_anything.neck.fusion_stage.layers.", "fused."),
      ]),
  ]

  @Test(arguments: cases)
  func anyTensorTimes1Point01FailsInItsOwnLayer(_ model: Case) throws {
    let library = try Library.get()
    let checkpoint = try RemappedCheckpoint(
      try ImportedSource(
        path: FixtureCheckpoint(model.checkpoint).path, library: library), library: library)
    let subject = ParitySubject(checkpoint)
    let unseen = Set(subject.unusedTensors.map(\.name))
    #expect(!unseen.isEmpty)
    for info in checkpoint.tensors
    where model.tensors.contains(where: info.name.string.hasPrefix) {
      let scaled = ParitySubject(
        path: subject.path, family: subject.family, configuration: subject.configuration,
        source: ScaledTensor(source: checkpoint, name: info.name, factor: 1.01), precision: .f32,
        root: nil, unusedTensors: subject.unusedTensors)
      let check = try ParityCheck(
        of: scaled,
        goldens: model.goldens.map { FixtureFolder.path("goldens/\($0).safetensors") },
        tolerances: .embedded(), runtime: Self.runtime, threads: 1)
      #expect(check.passed == unseen.contains(info.name), "\(info.name)")
      guard let first = check.comparisons.compactMap(\.firstFailure).first else { continue }
      for (tensor, stage) in model.layers where info.name.string.hasPrefix(tensor) {
        let layer = info.name.string.dropFirst(tensor.count).prefix { $0 != "." }
        let parts = first.name.split(separator: ".")
        let wanted = (stage + layer).split(separator: ".")
        #expect(Array(parts.prefix(wanted.count)) == wanted, "\(info.name): \(first.name)")
      }
    }
  }
}

/// Float32 weights with one tensor scaled.
private struct ScaledTensor: TensorSource {
  let source: RemappedCheckpoint
  let name: TensorName
  let factor: Float

  var tensors: [TensorInfo] { source.tensors }
  func info(of name: TensorName) -> TensorInfo? { source.info(of: name) }

  func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    try source.read(name, at: offset, into: &destination)
    guard name == self.name else { return }
    for start in stride(from: 0, to: destination.byteCount, by: 4) {
      // Both offsets lie inside the span, which checks them; every bit pattern is a float32.
      let value = unsafe destination.bytes.unsafeLoadUnaligned(
        fromByteOffset: start, as: Float.self)
      destination.storeBytes(of: value * factor, toByteOffset: start, as: Float.self)
    }
  }
}
