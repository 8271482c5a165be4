import DVLAHostileCorpus
import DVLAJSON
import Foundation

// depthvla-hostile-corpus FOLDER: writes the cases to FOLDER/DOOR/CLASS-NUMBER, of a folder its
// index; and to FOLDER/chunk what bundles store for their first chunk, behind three bytes that the
// fuzzer takes for its type (I8) and size (100). FOLDER/cases.tsv has a line for each file of a
// case: DOOR/CLASS-NUMBER, the code of the error (nothing for what must be taken), what is wrong.
guard CommandLine.arguments.count == 2 else {
  FileHandle.standardError.write(Data("usage: depthvla-hostile-corpus FOLDER\n".utf8))
  exit(64)
}
let folder = URL(filePath: CommandLine.arguments[1])

func write(_ bytes: [UInt8], _ door: String, _ name: String) throws {
  let place = folder.appending(path: door)
  try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
  try Data(bytes).write(to: place.appending(path: name))
}

var table = ""
for (number, hostile) in HostileCase.all.enumerated() {
  let name = "\(hostile.group)-\(number)"
  switch hostile.content {
  case .folder(let entries):
    guard case .file(let index) = entries["model.safetensors.index.json"] else { continue }
    try write(index, "index", name)
  case .file(let contents):
    let bytes = try contents()
    try write(bytes, hostile.door.rawValue, name)
    table += "\(hostile.door.rawValue)/\(name)\t\(hostile.code ?? "")\t\(hostile.what)\n"
    guard hostile.door == .bundle, let bundle = try? OpenedBundle(bytes),
      let count = bundle.rows.first?.first(where: { $0.0 == "stored" })?.1.array?.first?.integer
    else { continue }
    try write([2, 100, 0] + bundle.body.prefix(max(count, 0)), "chunk", name)
  }
}
try Data(table.utf8).write(to: folder.appending(path: "cases.tsv"))
