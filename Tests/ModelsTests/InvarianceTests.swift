import DVLADiagnostics
import DVLAModels
import DVLATensors
import DVLATestSupport
import Testing

/// What must not matter to the numbers: threads, the other samples of a batch, padding behind.
struct InvarianceTests {
  static let goldens = [
    GoldenCase("paligemma_pad", of: "paligemma/hf-hub"),
    GoldenCase("dinov2_28x70", of: "dinov2/hf"),
    GoldenCase("dinov2-with-registers_28x70", of: "dinov2-with-registers/hf"),
    GoldenCase("dinov2-swiglu_28x70", of: "dinov2-swiglu/hf"),
    GoldenCase("depth-anything-v2_28x70", of: "depth-anything-v2/hf"),
  ]

  static let policies = [
    GoldenCase("depthvla_block_2cam_pad", of: "depthvla/plain"),
    GoldenCase("pi0_lerobot_1cam", of: "pi0/lerobot-2025-10"),
  ]

  @Test(arguments: goldens + policies)
  func anyNumberOfThreadsGivesTheSameBits(_ golden: GoldenCase) throws {
    let model = try EditableModel(golden.checkpoint.name)
    let inputs = try golden.file().inputs()
    let alone = try model.stages(inputs).map(\.bits)
    #expect(!alone.isEmpty)
    for threads in [2, 3, 4] {
      #expect(try model.stages(inputs, threads: threads).map(\.bits) == alone)
    }
  }

  /// Two samples of which the second is the first with its pixels mirrored.
  func samples(_ inputs: ModelInputs) -> [ModelInputs] {
    var first = inputs.sample(0)
    let second = first
    first.floats["pixel_values"]?.values.reverse()
    return [second, first]
  }

  /// Products of more rows may be summed in another order, so equal means within rounding.
  @Test(arguments: goldens)
  func aBatchIsItsSamples(_ golden: GoldenCase) throws {
    let model = try EditableModel(golden.checkpoint.name)
    let samples = samples(try golden.file().inputs())
    let alone = try samples.map { try model.stages($0) }
    let together = try model.stages(samples[0].joined(with: samples[1]))
    #expect(together.map(\.name) == alone[0].map(\.name))
    for (stage, parts) in zip(together, zip(alone[0], alone[1])) {
      let values = parts.0.value.values + parts.1.value.values
      #expect(
        stage.value.shape.dimensions.first == parts.0.value.shape[0] * 2, "\(stage.name)")
      expectClose(stage.value.values, values, stage.name)
      #expect(parts.0.value != parts.1.value || stage.name == "embed", "\(stage.name)")
    }
  }

  @Test func paddingBehindChangesNoValidRow() throws {
    let model = try EditableModel("paligemma/hf-hub")
    let plain = try GoldenFile("goldens/paligemma_nopad.safetensors").inputs().sample(0)
    let ids = try #require(plain.integers["input_ids"]).values
    var padded = plain
    padded.integers["input_ids"] = IntegerTensor(ids + [0, 7, 0], shape: [1, ids.count + 3])
    padded.integers["attention_mask"] = IntegerTensor(
      ids.map { _ in 1 } + [0, 0, 0], shape: [1, ids.count + 3])
    let expected = try model.stages(plain)
    let found = try model.stages(padded)
    #expect(found.map(\.name) == expected.map(\.name))
    for (found, expected) in zip(found, expected) {
      let isText = found.validRows != nil
      #expect(found.value.shape[1] == expected.value.shape[1] + (isText ? 3 : 0), "\(found.name)")
      expectClose(
        Array(found.value.values.prefix(expected.value.values.count)), expected.value.values,
        found.name)
    }
  }

  /// Within what orders of float32 sums may differ by.
  func expectClose(_ found: [Float], _ expected: [Float], _ name: String) {
    #expect(found.count == expected.count, "\(name)")
    let largest = expected.map(\.magnitude).max() ?? 0
    let worst = zip(found, expected).map { ($0 - $1).magnitude }.max() ?? 0
    #expect(worst <= 5e-6 * largest && found.allSatisfy(\.isFinite), "\(name): \(worst / largest)")
  }
}

extension Stage {
  fileprivate var bits: [UInt32] { value.values.map(\.bitPattern) }
}

extension ModelInputs {
  /// One sample of a batch, as a batch.
  fileprivate func sample(_ index: Int) -> ModelInputs {
    func part<Element>(_ values: [Element], _ shape: Shape) -> ([Element], Shape) {
      let count = shape.elementCount / shape[0]
      return (
        Array(values[index * count..<(index + 1) * count]),
        Shape([1] + shape.dimensions.dropFirst())
      )
    }
    return ModelInputs(
      floats: floats.mapValues {
        let (values, shape) = part($0.values, $0.shape)
        return Tensor(values, shape: shape)
      },
      integers: integers.mapValues {
        let (values, shape) = part($0.values, $0.shape)
        return IntegerTensor(values, shape: shape)
      })
  }

  /// Both batches, one behind the other.
  fileprivate func joined(with other: ModelInputs) -> ModelInputs {
    var result = self
    for (name, tensor) in other.floats {
      guard let mine = floats[name] else { continue }
      result.floats[name] = Tensor(
        mine.values + tensor.values,
        shape: Shape([mine.shape[0] + tensor.shape[0]] + mine.shape.dimensions.dropFirst()))
    }
    for (name, tensor) in other.integers {
      guard let mine = integers[name] else { continue }
      result.integers[name] = IntegerTensor(
        mine.values + tensor.values,
        shape: Shape([mine.shape[0] + tensor.shape[0]] + mine.shape.dimensions.dropFirst()))
    }
    return result
  }
}
