// Shows openapi.json: every operation with its parameters, body and answers. Text only ever goes in as text.
'use strict'

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head']

function element(name, text, ...children) {
  const made = document.createElement(name)
  if (text) made.textContent = text
  made.append(...children)
  return made
}

function resolved(api, thing) {
  if (!thing || !thing.$ref) return thing
  return thing.$ref.slice(2).split('/').reduce((at, key) => at && at[key], api)
}

// A schema as an example of its shape: {name: type}. `seen` stops at schemas that hold themselves.
function shape(api, schema, seen = []) {
  const ref = schema && schema.$ref
  if (ref && seen.includes(ref)) return '…'
  const at = resolved(api, schema) || {}
  const deeper = ref ? [...seen, ref] : seen
  if (at.enum) return at.enum.join(' | ')
  if (at.properties) {
    const required = at.required || []
    return Object.fromEntries(
      Object.entries(at.properties).map(([key, value]) => [
        required.includes(key) ? key : key + '?',
        shape(api, value, deeper),
      ]),
    )
  }
  if (at.items) return [shape(api, at.items, deeper)]
  const choices = at.anyOf || at.oneOf || at.allOf
  if (choices) return choices.length === 1 ? shape(api, choices[0], deeper) : choices.map((c) => shape(api, c, deeper))
  return [].concat(at.type || 'any').join(' | ') + (at.format ? ' (' + at.format + ')' : '')
}

function content(api, holder) {
  return Object.entries((holder && holder.content) || {}).flatMap(([type, media]) => [
    element('p', type),
    ...(media.schema ? [element('pre', JSON.stringify(shape(api, media.schema), null, 2))] : []),
  ])
}

function parameters(api, list) {
  if (!list.length) return []
  const rows = list.map((each) => {
    const at = resolved(api, each)
    return element('tr', '', element('td', at.name + (at.required ? '' : '?')), element('td', at.in),
      element('td', [JSON.stringify(shape(api, at.schema)), at.description].filter(Boolean).join(' · ')))
  })
  return [element('h3', 'Parameters'), element('table', '', ...rows)]
}

function responses(api, operation) {
  const parts = [element('h3', 'Answers')]
  for (const [status, response] of Object.entries(operation.responses || {})) {
    const at = resolved(api, response)
    parts.push(element('p', status + ' · ' + (at.description || '')))
    if (status < '400') parts.push(...content(api, at))
  }
  return parts
}

function card(api, path, method, operation, shared) {
  const summary = element('summary', '', element('b', method.toUpperCase()), path + ' ')
  summary.append(element('span', operation.summary || ''))
  const made = element('details', '', summary)
  made.addEventListener('toggle', () => {
    if (!made.open || made.children.length > 1) return
    if (operation.description) made.append(element('p', operation.description))
    made.append(...parameters(api, [...shared, ...(operation.parameters || [])]))
    if (operation.requestBody) made.append(element('h3', 'Body'), ...content(api, resolved(api, operation.requestBody)))
    made.append(...responses(api, operation))
  })
  made.dataset.words = [method, path, operation.summary, operation.description].join(' ').toLowerCase()
  return made
}

async function show() {
  const api = await (await fetch('/api/v1/openapi.json')).json()
  const main = document.getElementById('operations')
  document.getElementById('title').textContent = api.info.title + ' ' + api.info.version
  document.getElementById('about').textContent = api.info.description || ''
  const groups = new Map((api.tags || []).map((tag) => [tag.name, { about: tag.description, cards: [] }]))
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = (item[method].tags || ['other'])[0]
      if (!groups.has(tag)) groups.set(tag, { about: '', cards: [] })
      groups.get(tag).cards.push(card(api, path, method, item[method], item.parameters || []))
    }
  }
  main.replaceChildren()
  for (const [name, group] of groups) {
    if (group.cards.length) main.append(element('section', '', element('h2', name + ' · ' + (group.about || '')), ...group.cards))
  }
  document.getElementById('find').addEventListener('input', (event) => {
    const wanted = event.target.value.trim().toLowerCase()
    for (const each of main.querySelectorAll('details')) each.hidden = !each.dataset.words.includes(wanted)
    for (const each of main.querySelectorAll('section')) each.hidden = !each.querySelector('details:not([hidden])')
  })
}

show().catch((error) => {
  document.getElementById('operations').textContent = 'The description could not be loaded: ' + error.message
})
