// Plays a game through @sabaki/gtp as Sabaki does: sync a state, ask for moves, analyse, take back, quit.
// usage: node sabaki.js GAME_JSON COMMAND ARGUMENT ...     GAME_JSON: {"size": [9, 9], "komi": 7, "plies": 200, "over": "two passes" | "error"}
// Prints one JSON object: what every step brought.

const {Controller, ControllerStateTracker} = require('@sabaki/gtp')

const [game, command, ...args] = process.argv.slice(2)
const {size, komi, plies, over} = JSON.parse(game)

async function main() {
  const controller = new Controller(command, args)
  const stderr = []
  controller.on('stderr', ({content}) => stderr.push(content))
  controller.start()
  const ask = async (name, ...words) => {
    const response = await controller.sendCommand({name, args: words})
    if (response.error) throw new Error(`${name}: ${response.content}`)
    return response.content
  }

  const name = await ask('name')
  const protocol = await ask('protocol_version')
  const commands = (await ask('list_commands')).split('\n')
  const tracker = new ControllerStateTracker(controller)
  await tracker.sync({boardsize: size, komi, timeSettings: {mainTime: 600, byoyomiTime: 0, byoyomiStones: 0}, history: []})

  const moves = []
  let passes = 0
  while (moves.length < plies && passes < 2) {
    const color = moves.length % 2 ? 'W' : 'B'
    const response = await tracker.queueCommand({name: 'genmove', args: [color]})
    if (response.error) {
      if (over !== 'error') throw new Error(response.content)
      break
    }
    moves.push(response.content)
    passes = response.content.toLowerCase() === 'pass' ? passes + 1 : 0
  }
  const score = await ask('final_score')

  // as Sabaki does when one clicks back: the tracker takes back or replays
  const history = moves.slice(0, 2).map((move, i) => ({name: 'play', args: [i % 2 ? 'W' : 'B', move]}))
  await tracker.sync({boardsize: size, komi, history})
  const board = await ask('showboard')

  const infos = []
  const analysis = controller.sendCommand({name: 'lz-analyze', args: ['B', '5']}, ({line}) => {
    if (line.startsWith('info ')) {
      infos.push(line)
      controller.sendCommand({name: 'known_command', args: ['genmove']})
    }
  })
  await analysis
  let played = ''
  await controller.sendCommand({name: 'genmove_analyze', args: ['B', '5']}, ({line}) => {
    if (line.startsWith('play ')) played = line.slice(5).trim()
  })
  const failure = await controller.sendCommand({name: 'no_such_command', args: []})
  const code = await new Promise(resolve => {
    controller.process.once('exit', code => resolve(code))
    controller.sendCommand({name: 'quit', args: []})
  })
  console.log(JSON.stringify({name, protocol, commands, moves, score, board, infos, played, failure: failure.error, code, stderr}))
}

main().catch(error => {
  console.error(error.stack)
  process.exit(1)
})
