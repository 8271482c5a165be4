import DVLANormalization
import DVLANumPyFiles
import DVLARandomNumbers
import DVLATensors
import DVLATestSupport
import Testing

struct NoiseFileTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  @Test(arguments: ["npy/noise.npy", "npy/noise-batch-f8.npy", "noise.safetensors"])
  func readsEveryForm(name: String) throws {
    let noise = try NoiseFile.read(
      path: FixtureFolder.path("statistics/" + name), shape: [6, 7])
    #expect(noise == GaussianNoise(seed: 3).tensor([6, 7]))
  }

  @Test func readsWhatWeWrite() throws {
    let noise = GaussianNoise(seed: 11).tensor([5, 32])
    try scratch.write(NPY.encode(noise), to: "noise.npy")
    #expect(try NoiseFile.read(path: scratch("noise.npy"), shape: [5, 32]) == noise)
  }

  @Test(arguments: ["npy/noise.npy", "npy/noise-batch-f8.npy", "noise.safetensors"])
  func otherShapesAreRefused(name: String) {
    let path = FixtureFolder.path("statistics/" + name)
    for shape in [[7, 6], [6, 8], [42], [1, 1, 6, 7]] as [Shape] {
      expectRefusal("noise.shape", file: path, mentioning: "\(shape)") {
        try NoiseFile.read(path: path, shape: shape)
      }
    }
  }

  @Test func otherFilesAreRefused() throws {
    func read(_ name: String) throws -> Tensor {
      try NoiseFile.read(path: FixtureFolder.path("statistics/" + name), shape: [3])
    }
    expectRefusal("noise.tensor", mentioning: "one tensor") { try read("lerobot-8-5.safetensors") }
    expectRefusal("safetensors.other-format") { try read("noise.json") }
    expectRefusal("noise.not-finite", mentioning: "element 1") { try read("npy/nan.npy") }
    expectRefusal("noise.not-finite", mentioning: "element 2") { try read("npy/infinity.npy") }
    expectRefusal("npy.dtype") { try read("npy/half.npy") }
    let header = #"{"noise":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}} "#
    try scratch.write(
      [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [0, 0, 0, 0, 0, 0],
      to: "half")
    expectRefusal("noise.tensor", mentioning: "BF16") {
      try NoiseFile.read(path: scratch("half"), shape: [3])
    }
  }

  @Test func doublesThatNoFloatHoldsAreRefused() throws {
    var bytes = try FixtureFolder.bytes("statistics/npy/noise-batch-f8.npy")
    bytes.replaceSubrange(
      (bytes.count - 8)..., with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xEF, 0x7F])
    try scratch.write(bytes, to: "noise.npy")
    expectRefusal("noise.not-finite", mentioning: "element 41") {
      try NoiseFile.read(path: scratch("noise.npy"), shape: [6, 7])
    }
  }
}
