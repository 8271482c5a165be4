import DVLANumPyFiles
import DVLATensors
import DVLATestSupport
import Testing

@Suite struct NPYWriterTests {
  @Test(arguments: [[], [3], [5, 7], [1200, 1], [1, 2, 3]])
  func writesTheBytesOfNumpySave(extents: [Int]) throws {
    let name = extents.isEmpty ? "scalar" : extents.map(String.init).joined(separator: "x")
    let shape = Shape(extents)
    let values = (0..<shape.elementCount).map { Float($0) / 8 - 1 }
    let expected = try FixtureFolder.bytes("goldens/array_\(name).npy")
    #expect(NPY.encode(Tensor(values, shape: shape)) == expected)
  }
}
