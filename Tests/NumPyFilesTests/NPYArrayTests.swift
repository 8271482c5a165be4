import DVLADiagnostics
import DVLANumPyFiles
import DVLATensors
import DVLATestSupport
import Testing

@Suite struct NPYArrayTests {
  static let ones: [UInt8] = [0, 0, 0x80, 0x3F]

  /// A file with this header and three float32 ones.
  static func file(_ header: String, version: UInt8 = 1, data: [UInt8] = ones + ones + ones)
    -> [UInt8]
  {
    let text = Array(header.utf8)
    let length = [UInt8(text.count & 0xFF), UInt8(text.count >> 8)]
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + (version == 1 ? [] : [0, 0])
      + text + data
  }

  static func code(_ bytes: [UInt8]) -> String? {
    do throws(WeightsError) {
      _ = try NPYArray(bytes)
      return nil
    } catch {
      #expect(!error.description.contains("\n"))
      return error.code.rawValue
    }
  }

  @Test(arguments: [[], [3], [5, 7], [1200, 1], [1, 2, 3]])
  func readsTheFilesOfNumpySave(extents: [Int]) throws {
    let name = extents.isEmpty ? "scalar" : extents.map(String.init).joined(separator: "x")
    let array = try NPYArray(try FixtureFolder.bytes("goldens/array_\(name).npy"))
    let shape = Shape(extents)
    #expect(array.shape == shape)
    #expect(array.dtype == .f32)
    #expect(array.values == (0..<shape.elementCount).map { Double($0) / 8 - 1 })
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n",
    "{'shape':(3,),'descr':'<f4','fortran_order':False}\n",
    "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (1, 3)}      \n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3,)}\n",
  ])
  func readsEverySpellingOfTheHeader(header: String) throws {
    for version in [1, 2, 3] as [UInt8] {
      #expect(try NPYArray(Self.file(header, version: version)).values == [1, 1, 1])
    }
  }

  @Test(arguments: [
    "", "\n", "{}\n", "{\n", "}\n", "[]\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } # \n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n{}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,),, }\n",
    "{'descr': '<f4' 'fortran_order': False, 'shape': (3,)}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3)}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 3}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': [3]}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3.0,)}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (+3,)}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (03,)}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3L,)}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}\n",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}\n",
    "{'descr': '<f4', 'fortran_order': false, 'shape': (3,)}\n",
    "{'descr': '<f4', 'fortran_order': , 'shape': (3,)}\n",
    "{'descr': <f4, 'fortran_order': False, 'shape': (3,)}\n",
    "{'descr': '<f\\x34', 'fortran_order': False, 'shape': (3,)}\n",
    "{'descr': '<f4, 'fortran_order': False, 'shape': (3,)}\n",
    "{'descr': '<f4', 'shape': (3,)}\n",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'extra': 1}\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (" + String(repeating: "1,", count: 65)
      + "3)}\n",
  ])
  func refusesOtherHeaders(header: String) {
    #expect(Self.code(Self.file(header)) == "npy.header")
  }

  @Test(arguments: ["<f2", ">f4", "=f4", "f4", "<i4", "|O", "<c8", "float32", ""])
  func refusesOtherTypes(type: String) {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (3,), }\n"
    #expect(Self.code(Self.file(header)) == "npy.dtype")
  }

  @Test func refusesTheOtherOrderAndShapesThatDoNotFit() {
    func header(_ shape: String, fortran: String = "False") -> String {
      "{'descr': '<f4', 'fortran_order': \(fortran), 'shape': \(shape), }\n"
    }
    #expect(Self.code(Self.file(header("(3,)", fortran: "True"))) == "npy.order")
    #expect(Self.code(Self.file(header("(4611686018427387904, 2)"))) == "npy.shape")
    #expect(Self.code(Self.file(header("(4611686018427387904,)"))) == "npy.shape")
    for shape in ["(2,)", "(4,)", "(0,)", "()", "(1000000000000,)"] {
      #expect(Self.code(Self.file(header(shape))) == "npy.size", "\(shape)")
    }
    #expect(Self.code(Self.file(header("(3,)"), data: Self.ones)) == "npy.size")
  }

  @Test func refusesEveryFileThatIsCutOff() throws {
    let whole = try FixtureFolder.bytes("goldens/array_3.npy")
    for count in 0..<whole.count {
      let code = Self.code(Array(whole.prefix(count)))
      #expect(code == (count < 8 ? "npy.format" : count < 128 ? "npy.header" : "npy.size"))
    }
    #expect(Self.code(whole + [0]) == "npy.size")
  }

  @Test func refusesOtherVersionsAndLongHeaders() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n"
    #expect(Self.code(Self.file(header, version: 4)) == "npy.format")
    #expect(Self.code(Self.file(header, version: 0)) == "npy.format")
    let long = String(repeating: " ", count: 10_000) + header
    #expect(Self.code(Self.file(long, version: 2)) == "npy.header")
  }

  /// No change of one byte in the header crashes, and none is read as another array of the shape.
  @Test func survivesEveryChangedByte() throws {
    let whole = try FixtureFolder.bytes("goldens/array_1x2x3.npy")
    let sound = try NPYArray(whole)
    for index in 0..<128 {
      for byte in [0, 0x20, 0x27, 0x28, 0x30, 0x39, 0x7D, 0xFF] as [UInt8] {
        var bytes = whole
        bytes[index] = byte
        guard let array = try? NPYArray(bytes) else { continue }
        #expect(array == sound)
      }
    }
  }
}
